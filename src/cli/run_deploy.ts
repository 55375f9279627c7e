import type { Connection } from "../client/connection.ts";
import { awaitVerdict } from "../client/await_verdict.ts";
import { renderUnledSites, unledSites } from "../client/first_page.ts";
import { ProgressLines, type PushResult, renderResult } from "../client/progress.ts";
import { withNextCommand } from "../client/next_command.ts";
import { NO_CACHE } from "../client/push_memory.ts";
import { push } from "../client/push.ts";
import { sha256 } from "../host/hash.ts";
import { findDockerfile } from "../host/dockerfile_path.ts";
import { Interrupts } from "../host/interrupts.ts";
import { lookupAddresses } from "../host/lookup.ts";
import { pushCacheFolder } from "../host/push_cache.ts";
import { diskTree } from "../host/tree.ts";
import { zstdCompress } from "../host/zstd.ts";
import { parseService } from "../service/parse_service.ts";
import { cacheFolder, connect, connectHere, connectTo } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { DeployCommandRequest } from "./deploy.ts";
import { interruptible } from "./interruptible.ts";
import { absolutePath } from "./paths.ts";
import type { PlanCommandRequest } from "./plan.ts";
import type { PushCommandRequest } from "./push.ts";

/** Deploys on this machine: the same as a push, over the daemon's socket. */
export async function runDeploy(request: DeployCommandRequest, context: CliContext): Promise<void> {
  await send({ ...request, server: undefined }, context, connectHere(context));
}

/** Pushes to a server. */
export async function runPush(request: PushCommandRequest, context: CliContext): Promise<void> {
  await send(request, context, await connectTo(request.server, context));
}

/** Tells what a deploy here, or a push to a server, would do. */
export async function runPlan({ dockerfile, server }: PlanCommandRequest, context: CliContext): Promise<void> {
  const request = { dockerfile, server, force: false, dryRun: true, wait: false };
  await send(request, context, await connect(server, context));
}

async function send(
  { dockerfile: path, force, dryRun, wait, server }: DeployCommandRequest & { readonly server: string | undefined },
  context: CliContext,
  connection: Connection,
): Promise<void> {
  const { cwd, json, terminal } = context;
  using _closed = connection;
  using interrupts = new Interrupts();
  const { folder, dockerfile } = await findDockerfile(absolutePath(path, cwd));
  const progress = new ProgressLines();
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
  const tell = (line: string) => terminal.err(line);
  const result = await interruptible(
    { connection, interrupts, tell, attachCommand },
    (signal, noteEvent) =>
      push(parts, { force, dryRun, signal }, (event) => {
        noteEvent(event);
        if (json) terminal.out(JSON.stringify(event));
        else for (const line of progress.next(event)) terminal.err(line);
      }),
  ).catch((error) => {
    throw withNextCommand(error, again(path, server));
  });
  if (json) {
    const { sentBytes, lacked: { totalBytes }, seconds } = result;
    terminal.out(JSON.stringify({ kind: "sent", bytes: sentBytes, total: totalBytes, seconds }));
  } else {
    for (const line of renderResult(result)) terminal.out(line);
  }
  const unled = await unledOf(result, connection);
  const lines = json ? unled.map((site) => JSON.stringify({ kind: "unled", ...site })) : renderUnledSites(unled);
  for (const line of lines) terminal.out(line);
  const { end } = result;
  if (!wait || end.kind !== "live" || end.alreadyLive) return;
  if (!json) terminal.err("waiting for the end of its first minute");
  const kind = await awaitVerdict(connection, { service: end.service, release: end.release });
  if (json) terminal.out(JSON.stringify({ kind }));
  else {terminal.out(
      kind === "kept" ? `release ${end.release} stays` : `release ${end.release} was replaced by another`,
    );}
}

/** The command that does the same once more. */
function again(path: string, server: string | undefined): string {
  const words = server === undefined ? ["deploy"] : ["push", server];
  return ["mypaas", ...words, ...path === "Dockerfile" ? [] : [path]].join(" ");
}

/** The sites whose domains do not lead to the server yet. */
async function unledOf({ end }: PushResult, { name }: Connection): Promise<Awaited<ReturnType<typeof unledSites>>> {
  if (end.kind !== "live") return [];
  // The daemon's socket has no host; then the server says how it is reached.
  const host = URL.parse(name)?.hostname.replace(/^\[|\]$/g, "");
  const server = host ?? end.address;
  return server === undefined
    ? []
    : await unledSites(end.urls, { server, here: host === undefined, lookup: lookupAddresses });
}
