import type { FollowOptions } from "../client/follow_deploy.ts";
import { renderEnd } from "../client/progress.ts";
import { historyTable } from "../client/tables.ts";
import { MyPaasError } from "../error.ts";
import { parseCancelAnswer, parseReleases } from "../wire/releases.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { followShown } from "./show_progress.ts";
import type {
  DeployIdRequest,
  HistoryCommandRequest,
  RollbackCommandRequest,
  ScaleCommandRequest,
  ServiceCommandRequest,
} from "./service_commands.ts";

/** Shows the releases of a service. */
export async function runHistory(
  { service, server, limit }: HistoryCommandRequest,
  context: CliContext,
): Promise<void> {
  using connection = await connect(server, context);
  const query = limit === undefined ? "" : `?limit=${limit}`;
  const path = `${servicePath(service)}/releases${query}`;
  const releases = await connection.json("GET", path, { parse: parseReleases });
  const lines = context.json ? releases.map((release) => JSON.stringify(release)) : historyTable(releases);
  for (const line of lines) context.terminal.out(line);
}

/** Deploys an earlier release again. */
export async function runRollback(
  { service, server, release }: RollbackCommandRequest,
  context: CliContext,
): Promise<void> {
  await work(server, { start: post(service, "rollback"), body: json({ release }) }, context);
}

/** Replaces the containers by new ones. */
export async function runRestart({ service, server }: ServiceCommandRequest, context: CliContext): Promise<void> {
  await work(server, { start: post(service, "restart") }, context);
}

/** Changes the number of containers. */
export async function runScale({ service, server, scale }: ScaleCommandRequest, context: CliContext): Promise<void> {
  await work(server, { start: post(service, "scale"), body: json({ scale }) }, context);
}

/** Stops a service. */
export async function runStop({ service, server }: ServiceCommandRequest, context: CliContext): Promise<void> {
  await work(server, { start: post(service, "stop") }, context);
}

/** Starts a stopped service. */
export async function runStart({ service, server }: ServiceCommandRequest, context: CliContext): Promise<void> {
  await work(server, { start: post(service, "start") }, context);
}

/** Takes a service away. */
export async function runRemove({ service, server }: ServiceCommandRequest, context: CliContext): Promise<void> {
  await work(server, { start: { method: "DELETE", path: servicePath(service) } }, context);
}

/** Follows a deploy. */
export async function runAttach({ deploy, server }: DeployIdRequest, context: CliContext): Promise<void> {
  const id = deploy.includes(".") ? deploy : await lastDeploy(deploy, server, context);
  await work(server, { start: { attach: id } }, context);
}

/** Cancels deploys that are not live yet. */
export async function runCancel({ deploy, server }: DeployIdRequest, context: CliContext): Promise<void> {
  using connection = await connect(server, context);
  const [service = ""] = deploy.split(".");
  const body = json({ deploy: deploy === service ? undefined : deploy });
  const { method, path } = post(service, "cancel");
  const { cancelled } = await connection.json(method, path, { body, parse: parseCancelAnswer });
  if (context.json) context.terminal.out(JSON.stringify({ cancelled }));
  else for (const id of cancelled) context.terminal.out(`${id} is cancelled`);
}

/** Follows work on a service to its end. */
async function work(server: string | undefined, options: FollowOptions, context: CliContext): Promise<void> {
  using connection = await connect(server, context);
  const end = await followShown(connection, options, context);
  if (!context.json) { for (const line of renderEnd(end)) context.terminal.out(line); }
}

async function lastDeploy(service: string, server: string | undefined, context: CliContext): Promise<string> {
  using connection = await connect(server, context);
  const path = `${servicePath(service)}/releases?limit=1`;
  const [last] = await connection.json("GET", path, { parse: parseReleases });
  if (last === undefined) throw new MyPaasError(`Cannot attach to "${service}": it has no release`);
  return `${service}.${last.release}`;
}

function post(service: string, action: string): { readonly method: string; readonly path: string } {
  return { method: "POST", path: `${servicePath(service)}/${action}` };
}

function servicePath(service: string): string {
  return `/v1/services/${encodeURIComponent(service)}`;
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
