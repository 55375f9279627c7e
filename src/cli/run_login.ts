import { login, loginOverSsh } from "../client/login.ts";
import { clientFolder } from "../host/client_files.ts";
import { isSshUrl, parseSshUrl, type SshServer } from "../wire/ssh_url.ts";
import { configFolder, openSsh, openTransport } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { LoginCommandRequest } from "./login.ts";
import { givenKey, keyOfVariable } from "./signing_key.ts";

/** Logs this machine in to a server. */
export async function runLogin(
  { server, invite, key: asked }: LoginCommandRequest,
  context: CliContext,
): Promise<void> {
  const files = clientFolder(configFolder(context));
  const ssh = isSshUrl(invite) ? parseSshUrl(invite) : undefined;
  if (ssh !== undefined) return await overSsh(server, ssh, context);
  const chosen = asked === undefined ? await keyOfVariable(context) : undefined;
  const givenKeyOf = asked !== undefined
    ? () => givenKey(asked, context)
    // Not saved: each command finds it where this one did.
    : chosen && (() => Promise.resolve({ signer: chosen, reference: undefined }));
  const parts = { files, connect: openTransport, now: () => new Date(), givenKey: givenKeyOf };
  const { key, name, role, scope } = await login({ name: server, line: invite }, parts);
  if (context.json) {
    context.terminal.out(JSON.stringify({ server, key, name, role, scope }));
    return;
  }
  const services = scope.includes("*") ? "all services" : scope.join(", ");
  context.terminal.out(`logged in to ${server} as ${name}: ${role} of ${services}`);
  context.terminal.err(`now push a folder that has a Dockerfile: mypaas push ${server}`);
}

async function overSsh(name: string, server: SshServer, context: CliContext): Promise<void> {
  const parts = {
    files: clientFolder(configFolder(context)),
    transport: openSsh(server, context),
    now: () => new Date(),
  };
  const { url } = server;
  const version = await loginOverSsh({ name, url }, parts);
  if (context.json) context.terminal.out(JSON.stringify({ server: name, url, version }));
  else context.terminal.out(`${name} is ${url}: mypaas ${version}, as root`);
}
