import type { Connection } from "../client/connection.ts";
import { DockerClient } from "../docker/client.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { downloadProgram, downloadText } from "../host/download.ts";
import { ensureFolder, readText, removeFile, replaceFile } from "../host/files.ts";
import { fileUrl, ownProgram } from "../host/own_program.ts";
import { tryLock } from "../host/lock.ts";
import { replaceProgram, runProgram } from "../host/program.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { Systemd } from "../host/systemd.ts";
import { objectNames } from "../service/names.ts";
import { type ServerLayout, serverLayout } from "../setup/layout.ts";
import { receiverAddress } from "../setup/parts.ts";
import { releaseFile } from "../setup/release.ts";
import { RECEIVER_PORT, type ServerSettings, shortId } from "../setup/settings.ts";
import { parseSettings } from "../setup/settings_file.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { copyPath, restoreCopy } from "../state/database.ts";
import { waitUntil } from "../wait.ts";
import { parseHelloAnswer } from "../wire/answer_schemas.ts";
import { parseJson } from "../wire/validate.ts";
import { configFolder, connectHere } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { NotPausedError, openPause } from "./open_pause.ts";
import { absolutePath } from "./paths.ts";
import type { UpgradeCommandRequest } from "./upgrade.ts";
import { upgrade, type UpgradeDoors, type UpgradeResult, type UpgradeTarget } from "./upgrade_program.ts";
import { serverTarget } from "./upgrade_server.ts";

/** Deploys that go on are waited for so long; then the upgrade gives up. */
const DEPLOYS_TIMEOUT_MS = 10 * 60 * 1000;
/** `init` waits 30 s for the daemon, and may have to pull Traefik. */
const INIT_TIMEOUT_MS = 10 * 60 * 1000;
const RUN_TIMEOUT_MS = 60_000;

/** Upgrades this program, and the server, where this machine is one. */
export async function runUpgrade(request: UpgradeCommandRequest, context: CliContext): Promise<void> {
  const layout = serverLayout(context.root);
  const own = await ownProgram();
  const isServer = await new DiskServerFiles().find(layout.settings) !== undefined;
  if (own === undefined) {
    throw new MyPaasError("Cannot upgrade: this program runs under deno", { hint: "Compile it: scripts/compile" });
  }
  if (isServer && !own.isRoot && !request.check) {
    throw new MyPaasError("Cannot upgrade this server: only root may", { hint: "Try: sudo mypaas upgrade" });
  }
  using lock = isServer && !request.check ? tryLock(`${layout.lib}/upgrade.lock`) : undefined;
  if (isServer && !request.check && lock === undefined) {
    throw new MyPaasError("Cannot upgrade: another upgrade of this server goes on");
  }
  const doors = programDoors(layout, own, context);
  const target = isServer && !request.check
    ? await server(layout, context, doors)
    : laptop(isServer ? layout.binary : own.path, doors);
  report(request, await upgrade(request, context, { target, doors }), context);
  if (own.path !== target.binary) context.terminal.err(`this is about ${target.binary}; ${own.path} stays as it is`);
}

function report({ check }: UpgradeCommandRequest, result: UpgradeResult, { json, terminal }: CliContext): void {
  const { from, to, changed } = result;
  if (json) terminal.out(JSON.stringify(check ? { installed: from, available: to } : result));
  else if (check) terminal.out(from === to ? `${from} is the newest` : `${to} is there, this is ${from}`);
  else if (!changed) terminal.out(`nothing to do: this is ${from}`);
  else terminal.out(from === to ? `mypaas ${to} runs now` : `upgraded mypaas from ${from} to ${to}`);
}

/** A machine that is no server: there is nothing but the program. */
function laptop(binary: string, { replace }: Pick<UpgradeDoors, "replace">): UpgradeTarget {
  return {
    binary,
    isDone: () => Promise.resolve(true),
    check: () => Promise.resolve(),
    takeOver: async (next) => {
      if (next !== undefined) await replace(next, binary);
    },
  };
}

function programDoors(
  layout: ServerLayout,
  own: { readonly os: string; readonly arch: string; readonly isRoot: boolean },
  context: CliContext,
): UpgradeDoors {
  const ownFolder = () => configFolder(context);
  return {
    async remembered() {
      const texts = [await readText(`${ownFolder()}/releases`), await readText(layout.releases)];
      return texts.flatMap((text) => text === undefined || text.trim() === "" ? [] : [text.trim()]);
    },
    async remember(url) {
      const file = own.isRoot ? layout.releases : `${ownFolder()}/releases`;
      if ((await readText(file))?.trim() === url) return;
      await ensureFolder(file.slice(0, file.lastIndexOf("/")), own.isRoot ? 0o755 : 0o700);
      await replaceFile(file, `${url}\n`, own.isRoot ? 0o644 : 0o600);
    },
    file: releaseFile(own),
    text: downloadText,
    download: downloadProgram,
    fileUrl: (path) => fileUrl(absolutePath(path, context.cwd)),
    run: (program, args) => runProgram([program, ...args], { timeoutMs: RUN_TIMEOUT_MS }),
    replace: replaceProgram,
    remove: removeFile,
  };
}

async function server(layout: ServerLayout, context: CliContext, doors: UpgradeDoors): Promise<UpgradeTarget> {
  const say = (line: string) => context.terminal.err(line);
  const settings = parseSettings(await readText(layout.settings) ?? "", layout.settings);
  const machine = new EngineMachine(new DockerClient());
  const rootFlag = layout.root === "/" ? [] : ["--root", layout.root];
  return serverTarget(layout, say, {
    ...doors,
    exists: async (path) => await new DiskServerFiles().find(path) !== undefined,
    read: readText,
    writeSettings: (text) => replaceFile(layout.settings, text, 0o600),
    checkDocker: async () => void await machine.version(),
    init: (program) =>
      runProgram([program, ...rootFlag, "--json", "init"], {
        timeoutMs: INIT_TIMEOUT_MS,
        onLine: (line) => line.startsWith("{") || say(line),
      }),
    isSupervised: settings.supervisor !== "none",
    daemonVersion: () => versionOf(() => hello(connectHere(context))),
    receiverVersion: () => versionOf(() => receiverHello(settings)),
    pause: () => pause(connectHere(context), say),
    stopDaemon: async () => {
      if (settings.supervisor === "systemd") await new Systemd().stop(UNIT_NAME);
      if (settings.supervisor === "docker") {
        await machine.removePart(objectNames(shortId(settings, layout.root)).daemon);
      }
    },
    restoreState: () => restoreState(layout),
    forgetState: () => removeFile(copyPath(layout.database)),
  });
}

async function restoreState(layout: ServerLayout): Promise<void> {
  // Whoever keeps the daemon running may not know yet that it is to stop.
  using _lock = await waitUntil(() => tryLock(layout.daemonLock), {
    what: "the daemon has stopped",
    timeoutMs: 30_000,
    intervalMs: 100,
  });
  await restoreCopy(layout.database);
}

async function versionOf(ask: () => Promise<{ readonly version: string }>): Promise<string | undefined> {
  try {
    return (await ask()).version;
  } catch {
    // It is away, or just being replaced: that is looked at again.
    return undefined;
  }
}

async function hello(connection: Connection) {
  using open = connection;
  return await open.json("GET", "/v1/hello", { parse: parseHelloAnswer });
}

/** Straight to its address on the entry network: Traefik is not in question here. */
async function receiverHello(settings: ServerSettings) {
  const text = await downloadText(`http://${receiverAddress(settings)}:${RECEIVER_PORT}/v1/hello`);
  return parseHelloAnswer(parseJson(new TextEncoder().encode(text), "the receiver's answer"));
}

/** Waits until no deploy goes on, and lets none begin. A daemon that is away has nothing to be waited for. */
async function pause(connection: Connection, say: (line: string) => void): Promise<AsyncDisposable> {
  const limits = { what: "the deploys end", timeoutMs: DEPLOYS_TIMEOUT_MS, say };
  try {
    return await openPause(connection, "/v1/upgrade", limits);
  } catch (error) {
    if (!(error instanceof NotPausedError)) throw error;
    say(`no deploy is waited for: ${messageOf(error.cause)}`);
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}
