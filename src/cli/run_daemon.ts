import { limitedGate } from "../daemon/gate_limits.ts";
import { daemonHandler } from "../daemon/handler.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { readText } from "../host/files.ts";
import { tryLock } from "../host/lock.ts";
import { processRuns, untilStopped } from "../host/process.ts";
import { serveUnix } from "../host/serve_unix.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { answersOn, Supervision } from "../host/supervision.ts";
import type { Log } from "../service/log.ts";
import { runFolders } from "../setup/folders.ts";
import { type ServerLayout, serverLayout } from "../setup/layout.ts";
import { RECEIVER_USER, type ServerSettings } from "../setup/settings.ts";
import { parseSettings } from "../setup/settings_file.ts";
import { Database } from "../state/database.ts";
import { waitUntil } from "../wait.ts";
import type { CliContext } from "./context.ts";
import { type DaemonParts, daemonParts } from "./daemon_parts.ts";

/** How long the daemon waits for Docker at its start; the supervisor starts it again after that. */
const DOCKER_TIMEOUT_MS = 10 * 60 * 1000;

/** Runs the daemon until it is stopped. Deploys under way are taken up by the next start. */
export async function runDaemon({ root, version, terminal, env }: CliContext): Promise<void> {
  const layout = serverLayout(root);
  const settings = await readSettings(layout);
  using lock = tryLock(layout.daemonLock);
  if (lock === undefined) {
    throw new MyPaasError(`Cannot start the daemon of ${root}: another one runs`, {
      hint: "Look at it with: systemctl status mypaas.",
    });
  }
  // /run is empty after a boot.
  const files = new DiskServerFiles();
  for (const folder of runFolders(layout)) await files.makeFolder(folder);
  const print = (line: string) => terminal.err(line);
  await using supervision = await Supervision.begin({ env, path: layout.notifySocket, print });
  const { log } = supervision;
  using database = new Database(layout.database);
  try {
    database.reserve();
  } catch (error) {
    // What runs is looked after also on a disk that is full already.
    log(messageOf(error));
  }
  const ended = new AbortController();
  const { deploys, handlerParts, machine, partWatch, pauses, runtime, watch } = await daemonParts(
    { layout, settings, database, version, log },
    ended.signal,
  );
  const queued = Promise.withResolvers<void>();
  const tell = (text: string) => supervision.status(text);
  const converged = converge(
    { deploys, machine, partWatch, pauses, runtime, log, tell, onQueued: queued.resolve },
    ended.signal,
  );
  converged.catch(queued.reject);
  // Nobody may ask for a deploy before the daemon ends with that failure.
  queued.promise.catch(() => {});
  const parts = { ...handlerParts, converged: queued.promise };
  const sockets = await Promise.all([
    serveUnix({ path: layout.daemonSocket, mode: 0o600 }, daemonHandler(parts, "local")),
    serveUnix(
      { path: layout.gateSocket, mode: 0o660, owner: { uid: 0, gid: RECEIVER_USER } },
      limitedGate(daemonHandler(parts, "gate"), {
        clock: () => performance.now(),
        onRefused: (sentence) => log(`gate: ${sentence}`),
      }),
    ),
  ]);
  // Its end says nothing about the server.
  watch(queued.promise).catch((error) => log(`watch: ${messageOf(error)}`));
  log(`mypaas ${version}: the daemon listens on ${layout.daemonSocket}`);
  supervision.ready();
  const alive = supervision.keepAlive((timeoutMs) => answersOn(layout.daemonSocket, timeoutMs), ended.signal);
  const failed = converged.then(() => {
    log("the server is as its state says");
    tell("the server is as its state says");
    return new Promise<never>(() => {});
  });
  try {
    // A server that cannot converge is given back to the supervisor, which starts the daemon again.
    await Promise.race([untilStopped(), failed]);
  } finally {
    supervision.stopping();
    ended.abort();
    await alive;
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

async function readSettings(layout: ServerLayout): Promise<ServerSettings> {
  const text = await readText(layout.settings);
  if (text !== undefined) return parseSettings(text, layout.settings);
  throw new MyPaasError(`Cannot start the daemon: there is no ${layout.settings}`, {
    hint: "Make this machine a server first: mypaas init.",
  });
}

/** Waits for Docker, starts Traefik and the receiver when they do not run, then converges the services. */
async function converge(
  { deploys, machine, partWatch, pauses, runtime, log, tell, onQueued }: Omit<DaemonParts, "handlerParts" | "watch"> & {
    readonly log: Log;
    /** What it does now, for whoever asks its supervisor. */
    readonly tell: (text: string) => void;
    readonly onQueued: () => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let told = false;
  await waitUntil(async () => {
    try {
      await machine.version();
      return true;
    } catch (error) {
      if (!told) {
        log(`waiting for Docker: ${messageOf(error)}`);
        tell("waiting for Docker");
      }
      told = true;
      return false;
    }
  }, { what: "Docker answers", timeoutMs: DOCKER_TIMEOUT_MS, intervalMs: 200, signal });
  tell("bringing the server to what its state says");
  await partWatch.startAll();
  // A daemon that was killed while a backup copied volumes has left them so.
  await pauses.resume();
  const leftovers = runtime.removeOneOffs(async ({ owner }) => !await processRuns(owner));
  const removed = leftovers.catch((error) => log(`removing what mypaas run has left: ${messageOf(error)}`));
  await runtime.sweepSecrets().catch((error) =>
    log(`removing secrets of containers that are gone: ${messageOf(error)}`)
  );
  await deploys.work.reconcile(onQueued);
  await removed;
}
