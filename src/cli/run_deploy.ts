import type { Connection } from "../client/connection.ts";
import { awaitVerdict } from "../client/await_verdict.ts";
import { renderUnledSites, unledSites } from "../client/first_page.ts";
import { plainText } from "../client/plain_text.ts";
import type { PrintedEvent } from "../client/printed_events.ts";
import { type PushEvent, type PushResult, renderResult } from "../client/progress.ts";
import { wrapLines } from "../client/progress_screen.ts";
import { withNextCommand } from "../client/next_command.ts";
import { NO_CACHE } from "../client/push_memory.ts";
import { push } from "../client/push.ts";
import { UsageError } from "../error.ts";
import { sha256 } from "../host/hash.ts";
import { findDockerfile } from "../host/dockerfile_path.ts";
import { Interrupts } from "../host/interrupts.ts";
import { lookupAddresses } from "../host/lookup.ts";
import { pushCacheFolder } from "../host/push_cache.ts";
import { diskTree } from "../host/tree.ts";
import { zstdCompress } from "../host/zstd.ts";
import { parseService } from "../service/parse_service.ts";
import { checkTarget } from "./check_target.ts";
import { cacheFolder, connect, connectHere, connectTo } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { DeployCommandRequest } from "./deploy.ts";
import { interruptible } from "./interruptible.ts";
import { absolutePath } from "./paths.ts";
import type { PlanCommandRequest } from "./plan.ts";
import type { PushCommandRequest } from "./push.ts";
import { columnsOfOut, showProgress } from "./show_progress.ts";

/** Deploys on this machine: the same as a push, over the daemon's socket. */
export async function runDeploy(request: DeployCommandRequest, context: CliContext): Promise<void> {
  await send({ ...request, server: undefined, also: false }, context, () => connectHere(context));
}

/** Pushes to a server. */
export async function runPush(request: PushCommandRequest, context: CliContext): Promise<void> {
  const server = request.server ?? context.env("MYPAAS_SERVER");
  if (server === undefined) {
    throw new UsageError("Cannot push: no server is named", {
      hint: "Write: mypaas push SERVER, or set MYPAAS_SERVER.",
    });
  }
  await send({ ...request, server }, context, () => connectTo(server, context));
}

/** Tells what a deploy here, or a push to a server, would do. */
export async function runPlan({ dockerfile, server }: PlanCommandRequest, context: CliContext): Promise<void> {
  const request = { dockerfile, server, force: false, dryRun: true, wait: false, quiet: false, also: false };
  await send(request, context, () => connect(server, context));
}

type SendRequest = DeployCommandRequest & { readonly server: string | undefined; readonly also: boolean };

async function send(
  request: SendRequest,
  context: CliContext,
  open: () => Connection | Promise<Connection>,
): Promise<void> {
  const { json, terminal } = context;
  const { wait, quiet } = request;
  if (json && quiet) throw new UsageError("Cannot be quiet and print JSON: give --quiet or --json");
  using connection = await open();
  const result = await pushed(request, context, connection);
  const { end, sentBytes, lacked: { totalBytes }, seconds } = result;
  const out = (line: string) => terminal.out(line);
  const tell = (event: Exclude<PrintedEvent, PushEvent>, lines: readonly string[]) => {
    if (!quiet) (json ? [JSON.stringify(event)] : wrapLines(lines, columnsOfOut(terminal))).forEach(out);
  };
  const sent = { kind: "sent", bytes: sentBytes, total: totalBytes, seconds } as const;
  tell(sent, renderResult(result));
  if (end.kind !== "live") return;
  if (quiet) end.urls.map(plainText).forEach(out);
  else {
    for (const site of await unledOf(end, connection)) tell({ kind: "unled", ...site }, renderUnledSites([site]));
  }
  if (!wait || end.alreadyLive) return;
  if (!json && !quiet) terminal.err("waiting for the end of its first minute");
  const { release } = end;
  const kind = await awaitVerdict(connection, { service: end.service, release });
  tell({ kind }, [kind === "kept" ? `release ${release} stays` : `release ${release} was replaced by another`]);
}

/** Pushes, and shows how that goes on; Ctrl-C ends it as `interruptible` says. */
async function pushed(
  { dockerfile: path, server, also, force, dryRun, quiet }: SendRequest,
  context: CliContext,
  connection: Connection,
): Promise<PushResult> {
  using interrupts = new Interrupts();
  const { folder, dockerfile } = await findDockerfile(absolutePath(path, context.cwd));
  const cache = cacheFolder(context);
  const parts = {
    connection,
    tree: diskTree(folder),
    folder,
    dockerfile,
    cache: cache === undefined ? NO_CACHE : pushCacheFolder(`${cache}/push`),
    parseService,
    now: () => Date.now(),
    digest: sha256,
    compress: zstdCompress,
  };
  const attachCommand = (deploy: string) =>
    `mypaas attach ${deploy}${server === undefined ? "" : ` --server ${server.split("#")[0]}`}`;
  const tell = (line: string) => context.terminal.err(line);
  return await interruptible({ connection, interrupts, tell, attachCommand }, async (signal, noteEvent) => {
    const remember = server === undefined || dryRun
      ? undefined
      : await checkTarget({ server, also, folder, parts, signal }, context);
    using progress = showProgress(context, { first: "reading the folder", quiet });
    const result = await push(parts, { force, dryRun, signal }, (event) => {
      noteEvent(event);
      progress.show(event);
    });
    await remember?.();
    return result;
  }).catch((error) => {
    throw withNextCommand(error, again(path, server));
  });
}

/** The command that does the same once more. */
function again(path: string, server: string | undefined): string {
  const words = server === undefined ? ["deploy"] : ["push", server];
  return ["mypaas", ...words, ...path === "Dockerfile" ? [] : [path]].join(" ");
}

/** The sites whose domains do not lead to the server yet. */
async function unledOf(
  { urls, address }: Extract<PushResult["end"], { kind: "live" }>,
  { name }: Connection,
): Promise<Awaited<ReturnType<typeof unledSites>>> {
  // The daemon's socket has no host, and ssh may know one that nobody else does: then the server says how it is reached.
  const url = URL.parse(name);
  const host = url?.protocol === "ssh:" ? undefined : url?.hostname.replace(/^\[|\]$/g, "");
  const server = host ?? address;
  return server === undefined ? [] : await unledSites(urls, { server, here: url === null, lookup: lookupAddresses });
}
