import { DockerClient } from "../docker/client.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { EngineVolumes } from "../docker/engine_volumes.ts";
import { MyPaasError } from "../error.ts";
import { backupSource } from "../host/backup_disk.ts";
import { BackupReader } from "../host/backup_file.ts";
import { tryLock } from "../host/lock.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { checkTar } from "../host/volume_tar.ts";
import { isIpv4 } from "../service/ipv4.ts";
import { serverLayout } from "../setup/layout.ts";
import type { ServerFacts } from "../setup/server_files.ts";
import { type DraftSettings, parseSettings } from "../setup/settings_file.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { parseServices } from "../wire/answer_schemas.ts";
import { connectHere } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { type InitDoors, initServer } from "./init_server.ts";
import { passphraseOf } from "./passphrase.ts";
import { absolutePath } from "./paths.ts";
import type { RestoreCommandRequest } from "./restore.ts";
import { bringBackup, checkBackup, checkFresh, forgetRestore, type Restored } from "./restore_server.ts";
import { withDoors } from "./run_init.ts";

/** The services begin all at once, and may take as long as after a boot. */
const SERVICES_TIMEOUT_MS = 5 * 60 * 1000;

/** Makes this machine the server of a backup, or looks whether a file is one. */
export async function runRestore(request: RestoreCommandRequest, context: CliContext): Promise<void> {
  const { file, passphraseFile, check } = request;
  const path = file === "-" ? "-" : absolutePath(file, context.cwd);
  const cannot = `Cannot read the backup ${file === "-" ? "from standard input" : JSON.stringify(path)}`;
  const open = async () => {
    const passphrase = await passphraseOf(passphraseFile, context, { isNew: false, inputTaken: file === "-" });
    return await BackupReader.begin(await backupSource(path), passphrase, cannot);
  };
  if (check) return showCheck(await checkBackup((await open()).entries(), cannot), context);
  await withDoors(context.root, (doors) => restore(request, context, { doors, open, cannot }));
}

async function restore(
  { flags }: RestoreCommandRequest,
  context: CliContext,
  { doors, open, cannot }: {
    readonly doors: InitDoors;
    readonly open: () => Promise<BackupReader>;
    readonly cannot: string;
  },
): Promise<void> {
  const { root, json, terminal } = context;
  const { facts, machine } = doors;
  const layout = serverLayout(root);
  if (!facts.isRoot) throw new MyPaasError("Cannot restore: only root may", { hint: "Try: sudo mypaas restore FILE" });
  await checkFresh({ layout });
  await checkTar();
  await machine.version();
  await new DiskServerFiles().makeFolder({ path: layout.lib, mode: 0o700, uid: 0, gid: 0, ours: true });
  using lock = tryLock(`${layout.lib}/restore.lock`);
  if (lock === undefined) throw new MyPaasError("Cannot restore: another restore goes on here");
  const begin = performance.now();
  const client = new DockerClient();
  const ground = {
    layout,
    cannot,
    machine: new EngineMachine(client),
    volumes: new EngineVolumes(client),
    say: (line: string) => terminal.err(line),
  };
  const restored = await bringBackup(await open(), ground);
  const { about, before } = restored;
  const changes = await flagsHere(flags, restored, facts);
  await initServer({ flags: { ...flags, ...changes } }, context, doors);
  await forgetRestore(ground);
  const after = parseSettings(await doors.files.read(layout.settings) ?? "", layout.settings);
  const down = after.supervisor === "none" ? [] : await servicesThatStay(context);
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  const notes = notesOn(before, after);
  if (json) {
    const { at, services } = about;
    terminal.out(JSON.stringify({ restored: { at, services }, seconds, down, notes }));
    return;
  }
  terminal.out(`restored ${about.services.length} services as of ${about.at} in ${seconds} s`);
  for (const note of notes) terminal.err(note);
  for (const service of down) terminal.err(`warning: "${service}" is not live: see mypaas ps, mypaas logs ${service}`);
}

/** What this machine cannot have as the other had it. */
async function flagsHere(
  flags: RestoreCommandRequest["flags"],
  { about, before }: Restored,
  facts: ServerFacts,
): Promise<RestoreCommandRequest["flags"]> {
  const address = await facts.address();
  const moved = before.address === about.machineAddress && address !== undefined;
  return {
    ...flags.address === undefined && moved && { address },
    ...flags.supervisor === undefined && before.supervisor === "systemd" && !facts.hasSystemd &&
      { supervisor: "docker" },
  };
}

/** What the user has to do, as nobody here can. */
function notesOn(before: DraftSettings, after: DraftSettings): readonly string[] {
  if (before.address === after.address) return [];
  const names = `the address was ${before.address} and is ${after.address}`;
  return [
    `${names}: let the domains lead here`,
    ...after.domain === undefined
      ? [`laptops know the server by its address: each logs in again, with a line of mypaas invite`]
      : isIpv4(before.address)
      ? [`laptops reach it by ${after.domain}: nothing is to be done there`]
      : [],
  ];
}

/** Waits until the services are as they were. @returns those that are not live and not stopped */
async function servicesThatStay(context: Pick<CliContext, "root">): Promise<readonly string[]> {
  const look = async () => {
    using connection = connectHere(context);
    const services = await connection.json("GET", "/v1/services", { parse: parseServices });
    return services.filter(({ status }) => status === "down" || status === "deploying").map(({ service }) => service);
  };
  let down: readonly string[] = [];
  try {
    await waitUntil(async () => {
      down = await look();
      return down.length === 0;
    }, { what: "the services are live", timeoutMs: SERVICES_TIMEOUT_MS, intervalMs: 200 });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  return down;
}

function showCheck(
  { about, volumes, images }: Awaited<ReturnType<typeof checkBackup>>,
  { json, terminal }: Pick<CliContext, "json" | "terminal">,
): void {
  const { at, version, services } = about;
  if (json) return terminal.out(JSON.stringify({ at, version, services, volumes, images }));
  terminal.out(
    `the backup is whole: of ${at}, by mypaas ${version}, ${services.length} services, ${volumes.length} volumes, ${images.length} images`,
  );
}
