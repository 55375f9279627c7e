import { registriesTable } from "../client/registries_table.ts";
import { UsageError } from "../error.ts";
import { askSecret, pipedSecret } from "../host/secret_input.ts";
import { parseRegistryHost } from "../service/registry.ts";
import { MAX_REGISTRY_PASSWORD_BYTES, parseRegistries, type RegistryLogin } from "../wire/registries.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { RegistryCommandRequest } from "./registry.ts";

/** Logs the server in to a registry or out of it, or shows what it is logged in to. */
export async function runRegistry(request: RegistryCommandRequest, context: CliContext): Promise<void> {
  const { json, terminal } = context;
  const login = request.action === "login" ? await loginOf(request, context) : undefined;
  const connection = await connect(request.server, context);
  try {
    if (request.action === "list") {
      const registries = await connection.json("GET", "/v1/registries", { parse: parseRegistries });
      const lines = json ? registries.map((registry) => JSON.stringify(registry)) : registriesTable(registries);
      for (const line of lines) terminal.out(line);
      return;
    }
    if (login === undefined) {
      const host = parseRegistryHost(request.host);
      await connection.json("DELETE", `/v1/registries/${encodeURIComponent(host)}`, { parse: () => undefined });
      terminal.out(json ? JSON.stringify({ loggedOut: host }) : `logged out of ${host}`);
      return;
    }
    const body = new TextEncoder().encode(JSON.stringify(login));
    await connection.json("POST", "/v1/registries", { body, parse: () => undefined });
    const { host, username } = login;
    terminal.out(json ? JSON.stringify({ loggedIn: host, username }) : `logged in to ${host} as ${username}`);
  } finally {
    connection.close();
  }
}

/** What is sent. The password never comes from the command line, which others can read. */
async function loginOf(
  { host: written, username, server }: Extract<RegistryCommandRequest, { action: "login" }>,
  { env, terminal }: CliContext,
): Promise<RegistryLogin> {
  const host = parseRegistryHost(written);
  if ((server ?? env("MYPAAS_SERVER")) !== undefined) {
    throw new UsageError(`Cannot log in to "${host}" from here: the password would pass the receiver`, {
      hint: `Run it on the server: mypaas registry login ${host} --username ${username}`,
    });
  }
  const password = terminal.isTerminal.stdin
    ? await askSecret(`password of ${username} at ${host}: `)
    // A pipe ends with a newline that is not meant.
    : (await pipedSecret(MAX_REGISTRY_PASSWORD_BYTES + 2)).replace(/\r?\n$/, "");
  if (password !== "") return { host, username, password };
  throw new UsageError(`Cannot log in to "${host}": the password is empty`, {
    hint: `Pipe it in, or type it when asked: mypaas registry login ${host} --username ${username} < password.txt`,
  });
}
