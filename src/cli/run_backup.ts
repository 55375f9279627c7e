import { DockerClient } from "../docker/client.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { EngineVolumes } from "../docker/engine_volumes.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { type BackupTarget, fileTarget, outputTarget } from "../host/backup_disk.ts";
import { BackupWriter } from "../host/backup_file.ts";
import { readText } from "../host/files.ts";
import { Interrupts } from "../host/interrupts.ts";
import { tryLock } from "../host/lock.ts";
import { serverFacts } from "../host/server_facts.ts";
import { checkTar } from "../host/volume_tar.ts";
import { serverLayout } from "../setup/layout.ts";
import { parseSettings } from "../setup/settings_file.ts";
import type { BackupCommandRequest } from "./backup.ts";
import { backUpServer } from "./backup_server.ts";
import { connectHere } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { passphraseOf } from "./passphrase.ts";
import { absolutePath } from "./paths.ts";

/** Writes a backup of this server. */
export async function runBackup({ file, passphraseFile }: BackupCommandRequest, context: CliContext): Promise<void> {
  const { root, json, terminal, version } = context;
  const facts = await serverFacts();
  if (!facts.isRoot) throw new MyPaasError("Cannot back up: only root may", { hint: "Try: sudo mypaas backup FILE" });
  const layout = serverLayout(root);
  const text = await readText(layout.settings);
  if (text === undefined) {
    throw new MyPaasError(`Cannot back up: this machine is no server, there is no ${layout.settings}`);
  }
  const settings = parseSettings(text, layout.settings);
  if (file === "-" && terminal.isTerminal.stdout) {
    throw new UsageError("Cannot write the backup to a terminal", {
      hint: "Name a file, or from a laptop: ssh root@server mypaas backup - >FILE",
    });
  }
  await checkTar();
  using lock = tryLock(`${layout.lib}/backup.lock`);
  if (lock === undefined) throw new MyPaasError("Cannot back up: another backup of this server goes on");
  const passphrase = await passphraseOf(passphraseFile, context, { isNew: true, inputTaken: false });
  const path = file === "-" ? undefined : absolutePath(file, context.cwd);
  const begin = performance.now();
  const warnings: string[] = [];
  const client = new DockerClient();
  const { bytes, ...done } = await kept(
    path === undefined ? outputTarget() : await fileTarget(path),
    async (sink, signal) => {
      const writer = await BackupWriter.begin(sink, passphrase);
      const done = await backUpServer(writer, {
        layout,
        settings,
        version,
        machineAddress: await facts.address(),
        now: () => new Date(),
        machine: new EngineMachine(client),
        volumes: new EngineVolumes(client),
        connect: () => connectHere(context),
        say: (line) => terminal.err(line),
        warn: (line) => {
          warnings.push(line);
          terminal.err(`warning: ${line}`);
        },
        signal,
      });
      return { ...done, bytes: writer.bytes };
    },
  );
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  // Standard output is the backup's own where it goes there.
  const out = path === undefined ? terminal.err : terminal.out;
  if (json) out(JSON.stringify({ file: path ?? "-", bytes, seconds, ...done, warnings }));
  else {
    const { services, volumes, images } = done;
    const counts = `${services.length} services, ${volumes.length} volumes, ${images.length} images`;
    out(`wrote ${path ?? "the backup"}: ${counts}, ${(bytes / 1e6).toFixed(1)} MB in ${seconds} s`);
  }
}

/** Writes a target, and keeps it when all was written. Ctrl-C leaves nothing, and nothing standing still. */
async function kept<T>(
  target: BackupTarget,
  write: (sink: Pick<BackupTarget, "write">, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using interrupts = new Interrupts();
  const aborted = new AbortController();
  interrupts.next().then(() => aborted.abort(new MyPaasError("Cannot back up: interrupted, and nothing was kept")));
  const { signal } = aborted;
  try {
    const result = await write({
      write: (bytes) => {
        signal.throwIfAborted();
        return target.write(bytes);
      },
    }, signal);
    await target.keep();
    return result;
  } catch (error) {
    await target.drop();
    throw error;
  }
}
