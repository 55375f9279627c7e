import type { Connection } from "../client/connection.ts";
import { otherTargets, pushedBefore, type PushTarget } from "../client/pushed_before.ts";
import type { PushParts } from "../client/push.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { askYes } from "../host/ask.ts";
import { targetMemory } from "../host/target_memory.ts";
import { configFolder } from "./connect.ts";
import type { CliContext } from "./context.ts";

export interface TargetRequest {
  /** A name of a login, or a server's line. */
  readonly server: string;
  readonly also: boolean;
  readonly folder: string;
  readonly parts: Pick<PushParts, "tree" | "dockerfile" | "parseService"> & {
    readonly connection: Pick<Connection, "server" | "name">;
  };
  readonly signal: AbortSignal;
}

/**
 * Asks before a project goes to another server than those that it was pushed to before: a slip in the name of the server
 * would put it online there.
 *
 * @returns what notes the push when it has succeeded; undefined when the push itself will say what is wrong
 * @throws {MyPaasError} when it may not go there
 */
export async function checkTarget(
  { server, also, folder, parts: { tree, dockerfile, parseService, connection }, signal }: TargetRequest,
  context: CliContext,
): Promise<(() => Promise<void>) | undefined> {
  const text = await tree.text(dockerfile);
  if (text === undefined) return undefined;
  const project = { folder, service: parseService(text, dockerfile).spec.name };
  const [name = server] = server.split("#");
  const target: PushTarget = { id: connection.server, name, url: connection.name };
  const memory = targetMemory(folderOf(context));
  const others = otherTargets(await memory.targets(project), target);
  if (others.length > 0 && !also) await ask({ name, service: project.service, others, signal }, context);
  return () => memory.remember(project, target);
}

async function ask(
  { name, service, others, signal }: {
    readonly name: string;
    readonly service: string;
    readonly others: readonly PushTarget[];
    readonly signal: AbortSignal;
  },
  { json, terminal }: CliContext,
): Promise<void> {
  const before = pushedBefore(others);
  if (json || !terminal.isTerminal.stdin || !terminal.isTerminal.stderr) {
    throw new UsageError(`Cannot push "${service}" to "${name}": it ${before}`, {
      hint: "To push it there as well, give --also.",
    });
  }
  if (await askYes(`${service} ${before}; push it to ${name} as well?`, signal)) return;
  throw new MyPaasError(`Cannot push "${service}" to "${name}": you said no, and nothing was changed`);
}

/** The client's folder; undefined where there is no place for one, as in some CI: a key is enough there. */
function folderOf(context: CliContext): string | undefined {
  try {
    return configFolder(context);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
