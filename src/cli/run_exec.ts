import { followSession, type Session, type SessionTerminal } from "../client/session.ts";
import { DockerClient } from "../docker/client.ts";
import { openExec, openRun } from "../docker/sessions.ts";
import { UsageError } from "../error.ts";
import { endWith, ownProcess } from "../host/process.ts";
import { sessionTerminal } from "../host/session_terminal.ts";
import { runOverSsh } from "../host/ssh_session.ts";
import { parseEnv } from "../service/option_values.ts";
import type { EnvVariable } from "../service/spec.ts";
import { type ExecRequest, parseSessionAnswer, type RunRequest, type SessionAnswer } from "../wire/sessions.ts";
import { connectHere, sshServer } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { ExecCommandRequest, RunCommandRequest, SessionCommandRequest } from "./exec.ts";

/** Runs a command in a running container; its exit code becomes ours. */
export async function runExec(request: ExecCommandRequest, context: CliContext): Promise<void> {
  const { service, command, stdin, tty, user, folder, replica } = request;
  const flags = [...flag("--user", user), ...flag("--workdir", folder), ...flag("--replica", replica)];
  if (await ranOverSsh(["exec", ...flags], request, context)) return;
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
  if (await ranOverSsh(["run", ...flag("--release", release)], request, context)) return;
  const env = checked("run", request, context);
  const body: RunRequest = { command, release, env, stdin, tty, owner: await ownProcess() };
  await follow(request, async (client) => {
    const container = await ask(service, { action: "run", body }, context);
    return await openRun(client, container, { stdin, tty });
  });
}

/** Runs it where ssh leads, when the server is named that way: by the mypaas there, whose exit code becomes ours. */
async function ranOverSsh(
  words: readonly string[],
  { service, command, stdin, tty, env, server }: SessionCommandRequest,
  context: CliContext,
): Promise<boolean> {
  const name = server ?? context.env("MYPAAS_SERVER");
  const ssh = name === undefined ? undefined : await sshServer(name, context);
  if (ssh === undefined) return false;
  const bare = env.find((variable) => !variable.includes("="));
  if (bare !== undefined) {
    throw new UsageError(`Cannot use -e "${bare}" over ssh: its value would be seen in the list of processes`, {
      hint: `Write ${bare}=VALUE where everybody may see it, or keep it on the server: mypaas env set.`,
    });
  }
  const { isTerminal } = context.terminal;
  const all = [
    ...context.json ? ["--json"] : [],
    ...words,
    ...stdin ? ["-i"] : [],
    ...tty ? ["-t"] : [],
    ...env.flatMap((variable) => ["-e", variable]),
    ...[service, "--", ...command],
  ];
  endWith(await runOverSsh(ssh, all, { batch: !isTerminal.stdin && !isTerminal.stderr, tty }));
  return true;
}

function flag(name: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [name, String(value)];
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
      hint: `Go there by ssh: mypaas ${action} -it ${service} --server ssh://root@HOST -- COMMAND.`,
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
