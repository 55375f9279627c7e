import type { Connection } from "../client/connection.ts";
import { changeEnv, type EnvChange, getEnv, listEnv } from "../client/env.ts";
import { parseEnvFile } from "../client/env_file.ts";
import type { DeployEnd } from "../client/follow_deploy.ts";
import { renderEnd } from "../client/progress.ts";
import { envNotes, envTable } from "../client/env_lines.ts";
import { errorOfKind, MyPaasError, UsageError } from "../error.ts";
import { askSecret, pipedSecret, secretFile } from "../host/secret_input.ts";
import { isEnvName } from "../service/option_values.ts";
import type { EnvVariable } from "../service/spec.ts";
import { faultOfEnvValue, STAYS_STORED } from "../wire/env.ts";
import { MAX_BODY_BYTES, MAX_ENV_VALUE_BYTES } from "../wire/limits.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { EnvCommandRequest } from "./env.ts";
import { absolutePath } from "./paths.ts";
import { followShown } from "./show_progress.ts";

type SetRequest = Extract<EnvCommandRequest, { action: "set" }>;

/** Stores, shows and removes the values that a service's Dockerfile names. */
export async function runEnv(request: EnvCommandRequest, context: CliContext): Promise<void> {
  const { service, server } = request;
  using connection = await connect(server, context);
  const { json, terminal } = context;
  switch (request.action) {
    case "list": {
      const { variables } = await listEnv(connection, service);
      const lines = json ? variables.map((variable) => JSON.stringify(variable)) : envTable(variables);
      for (const line of lines) terminal.out(line);
      return;
    }
    case "get": {
      const { key: name } = request;
      const value = await getEnv(connection, { service, name });
      terminal.out(json ? JSON.stringify({ name, value }) : value);
      return;
    }
    case "set": {
      const set = await valuesOf(request, context);
      return await change(
        connection,
        { service, set, unset: [], secret: request.secret, deploy: request.deploy },
        context,
      );
    }
    case "unset":
      return await change(connection, { service, set: [], unset: request.keys, deploy: request.deploy }, context);
  }
}

/** Changes the store, then follows the roll-out to its end. */
async function change(connection: Connection, first: EnvChange, context: CliContext): Promise<void> {
  const { json, terminal } = context;
  const { service, set, unset, deploy } = first;
  let answer = await changeEnv(connection, first);
  const names = { set: set.map(({ name }) => name), unset };
  if (json) terminal.out(JSON.stringify({ kind: "stored", service, ...names, ...answer }));
  else for (const line of envNotes(answer, { service, ...names, deploy })) terminal.err(line);
  // A deploy that began before has other values, and may bring another image: the roll-out comes behind it.
  while (answer.behind !== undefined) {
    const waited = answer.behind;
    const failure = await followed(connection, waited, context).then(() => undefined, expected);
    answer = await changeEnv(connection, { service, set: [], unset: [], deploy });
    if (answer.behind !== waited) continue;
    throw failure ?? new MyPaasError(`Cannot roll the change out: ${waited} does not end`, { hint: STAYS_STORED });
  }
  if (answer.deploy === undefined) return;
  const end = await followed(connection, answer.deploy, context);
  if (!json) { for (const line of renderEnd(end)) terminal.out(line); }
}

/** Hands a failure on as a value; a bug goes on as it is. */
function expected(error: unknown): MyPaasError {
  if (error instanceof MyPaasError) return error;
  throw error;
}

/** Follows a deploy as a push does. @throws {MyPaasError} how it failed, and that the values stay */
async function followed(
  connection: Connection,
  deploy: string,
  context: CliContext,
): Promise<DeployEnd> {
  try {
    return await followShown(connection, { start: { attach: deploy } }, context);
  } catch (error) {
    if (!(error instanceof MyPaasError)) throw error;
    const hint = error.hint === undefined ? STAYS_STORED : `${error.hint} ${STAYS_STORED}`;
    throw errorOfKind(error.kind, error.message, { hint, details: error.details, cause: error });
  }
}

/** The names and values that `set` is about: never of the command line, which others can read. */
async function valuesOf(request: SetRequest, context: CliContext): Promise<readonly EnvVariable[]> {
  const { service, key, fromFile, envFile } = request;
  if (envFile !== undefined) {
    if (key !== undefined || fromFile !== undefined) {
      throw new UsageError(
        "Cannot set variables: --env-file has names and values, so neither a key nor --from-file goes with it",
      );
    }
    const text = await secretFile(absolutePath(envFile, context.cwd), MAX_BODY_BYTES);
    return parseEnvFile(text, envFile).map(checked);
  }
  if (key === undefined) {
    throw new UsageError("Cannot set a variable: its name is missing", {
      hint: `mypaas env set ${service} KEY, or --env-file FILE for several`,
    });
  }
  const equals = key.indexOf("=");
  if (equals >= 0) {
    const name = key.slice(0, equals);
    throw new UsageError(`Cannot set ${JSON.stringify(name)}: a value on the command line is seen by others`, {
      hint: `mypaas env set ${service} ${name} asks for it, or reads it from a pipe or --from-file FILE.`,
    });
  }
  if (!isEnvName(key)) throw new UsageError(`Cannot set ${JSON.stringify(key)}: it is not the name of a variable`);
  return [checked({ name: key, value: await valueOf(key, request, context) })];
}

/** One value. A file and a pipe end with a newline that is not meant; a second one is. */
async function valueOf(key: string, { fromFile }: SetRequest, { cwd, terminal }: CliContext): Promise<string> {
  if (fromFile === undefined && terminal.isTerminal.stdin) return await askSecret(`${key}: `);
  const most = MAX_ENV_VALUE_BYTES + 2;
  const text = fromFile === undefined ? await pipedSecret(most) : await secretFile(absolutePath(fromFile, cwd), most);
  const value = text.replace(/\r?\n$/, "");
  if (value !== "") return value;
  const where = fromFile === undefined ? "standard input" : JSON.stringify(fromFile);
  throw new UsageError(`Cannot set "${key}": nothing came from ${where}`, {
    hint: "An empty value is set by a line KEY= of --env-file FILE.",
  });
}

function checked(variable: EnvVariable): EnvVariable {
  const fault = faultOfEnvValue(variable.value);
  if (fault === undefined) return variable;
  throw new UsageError(`Cannot set "${variable.name}": its value ${fault}`);
}
