import type { Connection } from "../client/connection.ts";
import type { Release } from "../deploy/store.ts";
import type { EngineMachine } from "../docker/engine_machine.ts";
import type { EngineVolumes } from "../docker/engine_volumes.ts";
import { MyPaasError } from "../error.ts";
import { fileBytes, namesIn, writeFileBytes } from "../host/backup_disk.ts";
import type { BackupWriter } from "../host/backup_file.ts";
import { readText, removeFile } from "../host/files.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { readFolder, writeChanges } from "../host/volume_tar.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { ACME_PREFIX, type BackupEntry, backupFiles, placeName, SETTINGS_NAME } from "../setup/backup_entries.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { ServerSettings } from "../setup/settings.ts";
import { copyState, Database, keyPath } from "../state/database.ts";
import { SqliteReleaseStore } from "../state/release_store.ts";
import { waitUntil } from "../wait.ts";
import {
  bindSources,
  groupSources,
  namedSources,
  strayBinds,
  type VolumeGroup,
  type VolumeSource,
} from "./backup_volumes.ts";
import { NotPausedError, openPause } from "./open_pause.ts";

/** A deploy that goes on is waited for so long before its service's volumes are copied. */
const DEPLOY_TIMEOUT_MS = 60 * 60 * 1000;
/** Traefik writes its file with certificates in place. */
const ACME_TIMEOUT_MS = 10_000;
/** So many releases of a service are looked at for images and volumes. */
const RELEASES_ASKED = 1000;

export interface BackupGround {
  readonly layout: ServerLayout;
  readonly settings: ServerSettings;
  readonly version: string;
  readonly machineAddress: string | undefined;
  readonly now: () => Date;
  readonly machine: Pick<EngineMachine, "hasImage">;
  readonly volumes: EngineVolumes;
  /** Opens a connection to the daemon. */
  readonly connect: () => Connection;
  /** Tells the person what is done. */
  readonly say: (line: string) => void;
  /** Tells what is not in the backup, or not as it should be. */
  readonly warn: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface BackedUp {
  readonly services: readonly string[];
  readonly volumes: readonly string[];
  readonly images: readonly string[];
  /** The longest time that services stood still. */
  readonly pausedSeconds: number;
}

/** What the state says of what else goes into the backup. */
interface StateView {
  readonly services: readonly string[];
  readonly specs: readonly ServiceSpec[];
  /** Of the live release of each service, and of the one before it. */
  readonly images: readonly { readonly name: string; readonly live: boolean }[];
}

/**
 * Writes all that another machine needs to be this server. Volumes come first and the state after them: a release that
 * gets live meanwhile finds its data as it was before it, as at any deploy, and never data of a release that the state does
 * not know.
 */
export async function backUpServer(writer: BackupWriter, ground: BackupGround): Promise<BackedUp> {
  const { layout, settings, version, machineAddress, now, say, warn } = ground;
  const staging = layout.backup;
  const files = new DiskServerFiles();
  // Whatever a backup that was killed has left.
  await files.remove(staging);
  await files.makeFolder({ path: staging, mode: 0o700, uid: 0, gid: 0, ours: true });
  try {
    const begin = await viewState(ground);
    await writer.entry(
      {
        kind: "about",
        version,
        at: now().toISOString(),
        serverId: settings.serverId,
        mainRoot: layout.root === "/",
        machineAddress,
        defaultVolumes: layout.defaultVolumes,
        services: begin.services,
      } satisfies BackupEntry,
    );
    say("copy settings, keys and certificates");
    await writeFiles(writer, ground);
    const copied: VolumeSource[] = [];
    let pausedSeconds = 0;
    let view = begin;
    while (true) {
      const open = groupSources(await newSources(view, copied, ground));
      if (open.length === 0) break;
      for (const group of open) {
        pausedSeconds = Math.max(pausedSeconds, await writeGroup(writer, group, ground));
        copied.push(...group.sources);
      }
      // What was deployed meanwhile may have volumes of its own.
      view = await viewState(ground);
    }
    for (const source of strayBinds(view.specs, settings.volumes)) {
      warn(`the volume ${source} is not in the backup: it is not below ${settings.volumes}`);
    }
    say("copy the state");
    await writeFrom(writer, { kind: "state" }, await fileBytes(`${staging}/state.db`));
    const images = await writeImages(writer, view, ground);
    await writer.end();
    return {
      services: view.services,
      volumes: copied.map(({ place }) => placeName(place)),
      images,
      pausedSeconds: Math.round(pausedSeconds * 1000) / 1000,
    };
  } finally {
    await files.remove(staging);
  }
}

/** Copies the state as it is now to the staging folder, and reads it there. */
async function viewState({ layout }: BackupGround): Promise<StateView> {
  const copy = `${layout.backup}/state.db`;
  copyState(layout.database, copy);
  await writeFileBytes(keyPath(copy), await fileBytes(keyPath(layout.database)), 0o600);
  using database = new Database(copy);
  const store = new SqliteReleaseStore(database);
  const services = store.services();
  const releases = services.map((service) => store.releases(service, RELEASES_ASKED));
  return {
    services,
    specs: releases.flat().map(({ spec }) => spec),
    images: releases.flatMap((own) => [
      ...imageOf(own.find(({ status }) => status === "live"), true),
      ...imageOf(own.find(({ status }) => status === "retired"), false),
    ]),
  };
}

function imageOf(release: Release | undefined, live: boolean): StateView["images"] {
  return release?.image === undefined ? [] : [{ name: release.image, live }];
}

async function writeFiles(writer: BackupWriter, { layout, settings }: BackupGround): Promise<void> {
  const { acme } = layout;
  const fixed = [
    { name: SETTINGS_NAME, path: layout.settings },
    ...backupFiles(layout, keyPath(layout.database)),
  ];
  for (const { name, path } of fixed) await writeText(writer, name, await readText(path));
  for (const name of (await namesIn(acme)).filter((name) => /^[\w-][\w.-]*\.json$/.test(name))) {
    const text = await waitUntil(async () => {
      const text = await readText(`${acme}/${name}`);
      return text === undefined || isWhole(text) ? { text } : undefined;
    }, { what: `Traefik has written ${acme}/${name}`, timeoutMs: ACME_TIMEOUT_MS });
    await writeText(writer, `${ACME_PREFIX}${name}`, text.text);
  }
  // What init was told to trust and never copied.
  if (settings.acmeCa !== undefined && await readText(layout.acmeCa) === undefined) {
    await writeText(writer, "acme-ca.pem", await readText(settings.acmeCa));
  }
}

async function writeText(writer: BackupWriter, name: string, text: string | undefined): Promise<void> {
  if (text === undefined) return;
  await writer.entry({ kind: "file", name } satisfies BackupEntry);
  await writer.data(new TextEncoder().encode(text));
}

/** Traefik empties its file before it writes it; without certificates it is empty. */
function isWhole(text: string): boolean {
  if (text === "") return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The volumes that are not copied yet. */
async function newSources(
  { specs }: StateView,
  copied: readonly VolumeSource[],
  { settings, volumes }: BackupGround,
): Promise<readonly VolumeSource[]> {
  const all = [...namedSources(await volumes.volumes(settings.serverId)), ...bindSources(specs, settings.volumes)];
  const known = new Set(copied.map(({ folder }) => folder));
  const files = new DiskServerFiles();
  const there = await Promise.all(all.map(({ folder }) => files.find(folder)));
  return all.filter(({ folder }, i) => there[i]?.kind === "folder" && !known.has(folder));
}

/** @returns how long the services stood still, in seconds */
async function writeGroup(writer: BackupWriter, group: VolumeGroup, ground: BackupGround): Promise<number> {
  const { layout, say, warn } = ground;
  const parts = group.sources.map((source, i) => ({
    ...source,
    snapshot: `${layout.backup}/${i}.snapshot`,
    changes: `${layout.backup}/${i}.changes`,
  }));
  for (const { place, folder, snapshot } of parts) {
    say(`copy ${placeName(place)}`);
    await writeFrom(writer, { kind: "volume", place, copy: "first" }, readFolder(folder, snapshot));
  }
  const changed: string[] = [];
  let seconds: number;
  {
    await using still = await standStill(group.services, ground);
    const stood = performance.now();
    for (const { folder, snapshot, changes } of parts) {
      changed.push(...(await writeChanges(folder, { snapshot, to: changes })).map((name) => `${folder}/${name}`));
    }
    seconds = (performance.now() - stood) / 1000;
    const lost = still.lost();
    if (lost !== undefined) {
      throw new MyPaasError(
        `Cannot copy the volumes of ${group.services.join(", ")}: they did not stand still to the end`,
        {
          hint: "See what the daemon says: journalctl -u mypaas -n 50.",
          cause: lost,
        },
      );
    }
  }
  say(`${group.services.join(", ")} stood still for ${seconds.toFixed(2)} s`);
  for (const name of changed) warn(`${name} changed while it was copied: something beside the service writes there`);
  for (const { place, snapshot, changes } of parts) {
    await writeFrom(writer, { kind: "volume", place, copy: "second" }, await fileBytes(changes));
    for (const path of [snapshot, changes]) await removeFile(path);
  }
  return seconds;
}

async function standStill(services: readonly string[], { connect, say }: BackupGround) {
  const query = services.map((service) => `service=${encodeURIComponent(service)}`).join("&");
  const what = `${services.join(", ")} may stand still`;
  try {
    return await openPause(connect(), `/v1/still?${query}`, { what, timeoutMs: DEPLOY_TIMEOUT_MS, say });
  } catch (error) {
    if (!(error instanceof NotPausedError)) throw error;
    throw new MyPaasError(`Cannot copy the volumes of ${services.join(", ")}: ${error.message}`, {
      hint: "The daemon must run, so that it lets the services go on whatever happens: systemctl start mypaas.",
      cause: error,
    });
  }
}

async function writeImages(
  writer: BackupWriter,
  { images }: StateView,
  { machine, volumes, say, warn, signal }: BackupGround,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, live } of images) {
    if (await machine.hasImage(name)) names.push(name);
    else if (live) warn(`the image ${name} is not on this machine: restored, its service must be pushed again`);
  }
  if (names.length === 0) return names;
  say(`copy ${names.length} images`);
  await writeFrom(writer, { kind: "images", names }, volumes.saveImages(names, signal));
  return names;
}

async function writeFrom(writer: BackupWriter, entry: BackupEntry, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await writer.entry(entry);
  for await (const part of bytes) await writer.data(part);
}
