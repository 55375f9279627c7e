import { listRegistries, loginRegistry, logoutRegistry, registriesTable } from "../client/registries.ts";
import { UsageError } from "../error.ts";
import { askSecret, pipedSecret } from "../host/secret_input.ts";
import { parseRegistryHost, type RegistryCredential } from "../service/registry.ts";
import { MAX_REGISTRY_PASSWORD_BYTES } from "../wire/registries.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { RegistryCommandRequest } from "./registry.ts";

/** Logs a server in to a registry or out of it, or shows what it is logged in to. */
export async function runRegistry(request: RegistryCommandRequest, context: CliContext): Promise<void> {
  const { json, terminal } = context;
  const connection = await connect(request.server, context);
  try {
    switch (request.action) {
      case "list": {
        const { registries } = await listRegistries(connection);
        const lines = json ? registries.map((registry) => JSON.stringify(registry)) : registriesTable(registries);
        for (const line of lines) terminal.out(line);
        return;
      }
      case "login": {
        const credential = await credentialOf(request, context);
        await loginRegistry(connection, credential);
        const { host, username } = credential;
        terminal.out(json ? JSON.stringify({ loggedIn: host, username }) : `logged in to ${host} as ${username}`);
        return;
      }
      case "logout": {
        const host = parseRegistryHost(request.host);
        await logoutRegistry(connection, host);
        terminal.out(json ? JSON.stringify({ loggedOut: host }) : `logged out of ${host}`);
      }
    }
  } finally {
    connection.close();
  }
}

/** The password never comes from the command line, which others can read. */
async function credentialOf(
  { host: written, username }: Extract<RegistryCommandRequest, { action: "login" }>,
  { terminal }: CliContext,
): Promise<RegistryCredential> {
  const host = parseRegistryHost(written);
  const password = terminal.isTerminal.stdin
    ? await askSecret(`password of ${username} at ${host}: `)
    // A pipe ends with a newline that is not meant.
    : (await pipedSecret(MAX_REGISTRY_PASSWORD_BYTES + 2)).replace(/\r?\n$/, "");
  if (password !== "") return { host, username, password };
  throw new UsageError(`Cannot log in to "${host}": the password is empty`, {
    hint: `Type it when asked, or pipe it in: mypaas registry login ${host} --username ${username} < FILE`,
  });
}
