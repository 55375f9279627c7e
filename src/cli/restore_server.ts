import type { EngineMachine } from "../docker/engine_machine.ts";
import type { EngineVolumes } from "../docker/engine_volumes.ts";
import { MyPaasError } from "../error.ts";
import { moveFile, namesIn, writeFileBytes } from "../host/backup_disk.ts";
import type { BackupReader, ReadEntry } from "../host/backup_file.ts";
import { readText, replaceFile } from "../host/files.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { fillFolder } from "../host/volume_tar.ts";
import {
  type AboutBackup,
  ACME_PREFIX,
  type BackupEntry,
  backupFiles,
  parseBackupEntry,
  placeName,
  SETTINGS_NAME,
  type VolumePlace,
} from "../setup/backup_entries.ts";
import { serverFolders } from "../setup/folders.ts";
import type { ServerLayout } from "../setup/layout.ts";
import { type DraftSettings, parseDraftSettings, renderSettings } from "../setup/settings_file.ts";
import { checkState, keyPath } from "../state/database.ts";

export interface RestoreGround {
  readonly layout: ServerLayout;
  /** Begins the sentences about the file. */
  readonly cannot: string;
  readonly machine: Pick<EngineMachine, "owned" | "removeVolume">;
  readonly volumes: EngineVolumes;
  readonly say: (line: string) => void;
}

/** What was brought here. */
export interface Restored {
  readonly about: AboutBackup;
  /** As they were on the server of the backup. */
  readonly before: DraftSettings;
}

/** What a restore that is under way has begun to change outside of its own folder: it may be taken away again. */
interface Begun {
  /** Of the backup: the same one may go on. */
  readonly id: string;
  readonly about: AboutBackup;
  readonly folders: readonly string[];
}

const STATE_NAME = "state.db";

/**
 * Makes sure that nothing would be lost.
 *
 * @throws {MyPaasError} when this machine is a server, or has the state of one
 */
export async function checkFresh({ layout }: Pick<RestoreGround, "layout">): Promise<void> {
  const files = new DiskServerFiles();
  if (await files.find(layout.restore) !== undefined) return;
  for (const path of [layout.settings, layout.database]) {
    if (await files.find(path) === undefined) continue;
    throw new MyPaasError(`Cannot restore here: this machine is a server already, there is ${path}`, {
      hint:
        `Restore on a machine without one, or take this one away first, with all that it has: mypaas uninstall --data.`,
    });
  }
}

/**
 * Brings all of a backup to this machine, beside what is there, and in its place only when the whole backup was read and
 * found right. Cut off at any moment, it is run again: the same backup goes on where it was put in place, else it begins
 * anew.
 *
 * @throws {MyPaasError} when the backup is not as it was written, or its places are taken here
 */
export async function bringBackup(reader: BackupReader, ground: RestoreGround): Promise<Restored> {
  const { layout } = ground;
  const files = new DiskServerFiles();
  const begun = await readBegun(layout);
  const complete = `${layout.restore}/complete`;
  if (begun?.id !== reader.id || await files.find(complete) === undefined) {
    if (await files.find(layout.settings) !== undefined) {
      throw new MyPaasError("Cannot restore here: another backup was restored, and mypaas init did not finish", {
        hint: "Restore that one again: it goes on. Or take the server away: mypaas uninstall --data.",
      });
    }
    if (begun !== undefined) await takeAway(begun, ground);
    await files.remove(layout.restore);
    await stage(reader, ground);
    await replaceFile(complete, "", 0o600);
  } else ground.say("go on with the restore that was cut off");
  const { about } = await readBegun(layout) ?? {};
  const text = await readText(`${layout.restore}/${SETTINGS_NAME}`);
  if (about === undefined || text === undefined) throw new Error("the folder of the restore lacks what it began with");
  const before = parseDraftSettings(text, SETTINGS_NAME);
  const settings = settingsHere(before, about, layout);
  await putInPlace(settings, layout);
  return { about, before };
}

/** The restore is done: what it kept for itself goes. */
export async function forgetRestore({ layout }: Pick<RestoreGround, "layout">): Promise<void> {
  await new DiskServerFiles().remove(layout.restore);
}

async function readBegun({ restore }: ServerLayout): Promise<Begun | undefined> {
  const text = await readText(`${restore}/begun.json`);
  return text === undefined ? undefined : JSON.parse(text) as Begun;
}

async function takeAway({ about, folders }: Begun, { machine, say }: RestoreGround): Promise<void> {
  say("take away what a restore that was cut off has brought");
  for (const name of (await machine.owned(about.serverId)).volumes) await machine.removeVolume(name);
  for (const folder of folders) await new DiskServerFiles().remove(folder);
}

/** Reads the whole backup. Files wait in the folder of the restore; volumes and images are used by nobody yet. */
async function stage(reader: BackupReader, ground: RestoreGround): Promise<void> {
  const { layout, cannot, say } = ground;
  const files = new DiskServerFiles();
  let begun: Begun | undefined;
  let settings: DraftSettings | undefined;
  await files.makeFolder({ path: layout.lib, mode: 0o700, uid: 0, gid: 0, ours: true });
  await files.makeFolder({ path: layout.restore, mode: 0o700, uid: 0, gid: 0, ours: true });
  const begin = async (next: Begun) => {
    begun = next;
    await replaceFile(`${layout.restore}/begun.json`, JSON.stringify(next), 0o600);
  };
  for await (const { about: json, data } of reader.entries()) {
    const entry = parseBackupEntry(json, cannot);
    if (entry.kind === "about") {
      checkRoot(entry, layout);
      await checkOwned(entry, ground);
      await begin({ id: reader.id, about: entry, folders: [] });
      continue;
    }
    if (begun === undefined) throw new MyPaasError(`${cannot}: it does not begin with what it is about`);
    switch (entry.kind) {
      case "file":
        await writeFileBytes(`${layout.restore}/${entry.name}`, data, 0o600);
        if (entry.name === SETTINGS_NAME) {
          const text = await readText(`${layout.restore}/${SETTINGS_NAME}`) ?? "";
          settings = settingsHere(parseDraftSettings(text, SETTINGS_NAME), begun.about, layout);
        }
        break;
      case "state":
        say("bring the state");
        await writeFileBytes(`${layout.restore}/${STATE_NAME}`, data, 0o600);
        await checkState(`${layout.restore}/${STATE_NAME}`);
        break;
      case "volume": {
        if (settings === undefined) throw new MyPaasError(`${cannot}: it has volumes before the settings`);
        if (entry.copy === "first") say(`bring ${placeName(entry.place)}`);
        const place = { place: entry.place, first: entry.copy === "first", root: settings.volumes };
        await fillFolder(await folderOf(place, begun, { begin, ground }), data);
        break;
      }
      case "images":
        say(`bring ${entry.names.length} images`);
        await ground.volumes.loadImages(ReadableStream.from(data));
        break;
    }
  }
  for (const name of [SETTINGS_NAME, STATE_NAME, "state.key"]) {
    if (await files.find(`${layout.restore}/${name}`) === undefined) {
      throw new MyPaasError(`${cannot}: it has no ${name}`);
    }
  }
}

function checkRoot({ mainRoot }: AboutBackup, { root }: ServerLayout): void {
  if (mainRoot === (root === "/")) return;
  throw new MyPaasError(
    `Cannot restore below ${root}: the backup is of a server ${mainRoot ? "without" : "with"} --root`,
    {
      hint: mainRoot ? "Leave --root away." : "Give a folder with --root, as it had.",
    },
  );
}

/** Two servers of one id on one machine would take each other's containers for their own. */
async function checkOwned({ serverId }: AboutBackup, { machine }: RestoreGround): Promise<void> {
  const { containers, networks, volumes } = await machine.owned(serverId);
  const [one] = [...containers, ...volumes, ...networks];
  if (one === undefined) return;
  throw new MyPaasError(`Cannot restore here: Docker has "${one}" of the same server`, {
    hint: "Where that server is not needed any more, take it away first: mypaas uninstall --data, with its --root.",
  });
}

/** The folder that a volume is here; at its first copy it is made, and must be empty. */
async function folderOf(
  { place, first, root }: { readonly place: VolumePlace; readonly first: boolean; readonly root: string },
  begun: Begun,
  { begin, ground: { volumes } }: {
    readonly begin: (next: Begun) => Promise<void>;
    readonly ground: RestoreGround;
  },
): Promise<string> {
  const taken = (what: string) =>
    new MyPaasError(`Cannot restore the volume "${placeName(place)}": ${what}`, {
      hint: "Nothing that is there is overwritten: move it away if nobody needs it.",
    });
  if (place.kind === "named") {
    if (first && await volumes.hasVolume(place.name)) throw taken("Docker has a volume of that name");
    return await volumes.createVolume(place.name, { instance: begun.about.serverId, service: place.service });
  }
  const folder = `${root}/${place.path}`;
  if (!first) return folder;
  if ((await namesIn(folder)).length > 0) throw taken(`${folder} is not empty`);
  await begin({ ...begun, folders: [...begun.folders, folder] });
  const owner = { uid: 0, gid: 0, ours: false };
  await new DiskServerFiles().makeFolder({ path: folder, mode: 0o755, ...owner });
  return folder;
}

/** The settings as this machine begins with them: networks are found by `init`, and so is a folder that nobody has chosen. */
function settingsHere(before: DraftSettings, about: AboutBackup, layout: ServerLayout): DraftSettings {
  const volumes = before.volumes === about.defaultVolumes ? layout.defaultVolumes : before.volumes;
  return { ...before, volumes, networks: {} };
}

/** Puts the files where they belong, the settings last: with them this machine is a server. Can be done again. */
async function putInPlace(settings: DraftSettings, layout: ServerLayout): Promise<void> {
  const files = new DiskServerFiles();
  if (await files.find(layout.settings) !== undefined) return;
  for (const folder of serverFolders(layout, settings.volumes)) {
    // Those of the sockets are made when the daemon starts.
    if (!folder.path.startsWith(layout.run)) await files.makeFolder(folder);
  }
  const { restore, acme, database } = layout;
  const fixed = [
    ...backupFiles(layout, keyPath(database)),
    { name: STATE_NAME, path: database, mode: 0o600 },
    ...(await namesIn(`${restore}/${ACME_PREFIX}`)).map((name) => ({
      name: `${ACME_PREFIX}${name}`,
      path: `${acme}/${name}`,
      mode: 0o600,
    })),
  ];
  for (const { name, path, mode } of fixed) {
    const from = `${restore}/${name}`;
    await moveFile(from, path, mode);
  }
  await replaceFile(layout.settings, renderSettings(settings), 0o600);
}

/** Reads a backup to its end and changes nothing. */
export async function checkBackup(
  entries: AsyncIterable<ReadEntry>,
  cannot: string,
): Promise<{ readonly about: AboutBackup; readonly volumes: readonly string[]; readonly images: readonly string[] }> {
  let about: AboutBackup | undefined;
  const seen: BackupEntry[] = [];
  for await (const entry of entries) {
    const parsed = parseBackupEntry(entry.about, cannot);
    if (parsed.kind === "about") about = parsed;
    else seen.push(parsed);
  }
  if (about === undefined) throw new MyPaasError(`${cannot}: it does not begin with what it is about`);
  return {
    about,
    volumes: seen.flatMap((entry) => entry.kind === "volume" && entry.copy === "first" ? [placeName(entry.place)] : []),
    images: seen.flatMap((entry) => entry.kind === "images" ? entry.names : []),
  };
}
