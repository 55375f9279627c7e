import { followSession, type Session, type SessionTerminal } from "../client/session.ts";
import { DockerClient } from "../docker/client.ts";
import { openExec, openRun } from "../docker/sessions.ts";
import { UsageError } from "../error.ts";
import { endWith, ownProcess } from "../host/process.ts";
import { sessionTerminal } from "../host/session_terminal.ts";
import { parseEnv } from "../service/option_values.ts";
import type { EnvVariable } from "../service/spec.ts";
import { type ExecRequest, parseSessionAnswer, type RunRequest, type SessionAnswer } from "../wire/sessions.ts";
import { connectHere } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { ExecCommandRequest, RunCommandRequest, SessionCommandRequest } from "./exec.ts";

/** Runs a command in a running container; its exit code becomes ours. */
export async function runExec(request: ExecCommandRequest, context: CliContext): Promise<void> {
  const { service, command, stdin, tty, user, folder, replica } = request;
  const env = checked("exec", request, context).map(({ name, value }) => `${name}=${value}`);
  const body: ExecRequest = { command, replica };
  await follow(request, async (client, terminal) => {
    const container = await ask(service, { action: "exec", body }, context);
    const size = tty ? terminal.size() : undefined;
    return await openExec(client, container, { command, stdin, tty, user, folder, env, size });
  });
}

/** Runs a command in a container of its own; its exit code becomes ours. */
export async function runRun(request: RunCommandRequest, context: CliContext): Promise<void> {
  const { service, command, stdin, tty, release } = request;
  const env = checked("run", request, context);
  const body: RunRequest = { command, release, env, stdin, tty, owner: await ownProcess() };
  await follow(request, async (client) => {
    const container = await ask(service, { action: "run", body }, context);
    return await openRun(client, container, { stdin, tty });
  });
}

/**
 * What can be said before anything is asked.
 *
 * @returns the variables
 * @throws {UsageError} for another server, no terminal, a bad variable
 */
function checked(
  action: "exec" | "run",
  { service, server, stdin, tty, env }: SessionCommandRequest,
  { env: here, terminal }: CliContext,
): readonly EnvVariable[] {
  const elsewhere = server ?? here("MYPAAS_SERVER");
  if (elsewhere !== undefined) {
    const [name] = elsewhere.split("#");
    throw new UsageError(`Cannot ${action} on "${name}": a container is opened on its server only`, {
      hint: `Go there with ssh: ssh -t HOST mypaas ${action} -it ${service} -- COMMAND.`,
    });
  }
  if (tty && stdin && !terminal.isTerminal.stdin) {
    throw new UsageError("Cannot use -t: standard input is no terminal", { hint: "Leave -t out." });
  }
  return env.map((text) => variable(text, here));
}

function variable(text: string, here: CliContext["env"]): EnvVariable {
  const parsed = parseEnv(text);
  const [shown = ""] = text.split("=");
  if ("fault" in parsed) throw new UsageError(`Cannot use -e "${shown}": it ${parsed.fault}`);
  const { name, value = here(name) } = parsed.value;
  if (value !== undefined) return { name, value };
  throw new UsageError(`Cannot use -e "${name}": it is not set here`, { hint: `Give it a value: -e ${name}=VALUE.` });
}

async function ask(
  service: string,
  { action, body }: { readonly action: "exec" | "run"; readonly body: ExecRequest | RunRequest },
  context: CliContext,
): Promise<SessionAnswer> {
  using connection = connectHere(context);
  const path = `/v1/services/${encodeURIComponent(service)}/${action}`;
  const json = new TextEncoder().encode(JSON.stringify(body));
  return await connection.json("POST", path, { body: json, parse: parseSessionAnswer });
}

async function follow(
  { stdin, tty }: SessionCommandRequest,
  open: (client: DockerClient, terminal: SessionTerminal) => Promise<Session & Disposable>,
): Promise<void> {
  using client = new DockerClient();
  const terminal = sessionTerminal();
  endWith(await followSession(() => open(client, terminal), terminal, { stdin, tty }));
}
