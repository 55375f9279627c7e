import { importPrivateKey } from "../auth/keys.ts";
import { parseServerLine } from "../auth/server_line.ts";
import { Connection } from "../client/connection.ts";
import type { ServerEntry } from "../client/servers.ts";
import type { Transport } from "../client/transport.ts";
import { AuthError, UsageError } from "../error.ts";
import { clientFolder } from "../host/client_files.ts";
import { fetchPinnedCertificate } from "../host/certificate_pin.ts";
import { httpsTransport } from "../host/https_transport.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { serverLayout } from "../setup/layout.ts";
import type { CliContext } from "./context.ts";

type Context = Pick<CliContext, "root" | "env">;

/** Connects to the server that a command is about: the named one, the one of MYPAAS_SERVER, or this machine's. */
export async function connect(server: string | undefined, context: Context): Promise<Connection> {
  const name = server ?? context.env("MYPAAS_SERVER");
  return name === undefined ? connectHere(context) : await connectTo(name, context);
}

/** Connects to the daemon of this machine, as root. */
export function connectHere({ root }: Pick<Context, "root">): Connection {
  return new Connection(unixTransport(serverLayout(root).daemonSocket), { kind: "unsigned" }, now);
}

/**
 * Connects to a server by its name, or by a line such as MYPAAS_SERVER has.
 *
 * @throws {UsageError} when there is no such server
 */
export async function connectTo(server: string, context: Context): Promise<Connection> {
  const files = clientFolder(configFolder(context));
  const entry = server.includes("#") ? await entryOfLine(server) : await savedEntry(server, await files.servers());
  const pkcs8 = await files.privateKey();
  if (pkcs8 === undefined) {
    throw new AuthError(`Cannot reach "${entry.url}": this machine has no key`, {
      hint: "Ask for an invite, and log in with it: mypaas login NAME LINE.",
    });
  }
  const { serverId, daemonKey } = entry;
  const key = await importPrivateKey(pkcs8);
  const transport = httpsTransport(entry.url, { certificate: entry.certificate });
  return new Connection(transport, { kind: "signed", serverId, daemonKey, key }, now);
}

/** Opens a way to a server that may have a certificate of its own, which the pin names. */
export async function openTransport(
  { url, certificatePin }: Pick<ServerEntry, "url" | "certificatePin">,
): Promise<{ readonly transport: Transport; readonly certificate: string | undefined }> {
  const certificate = certificatePin === undefined ? undefined : await pinnedCertificate(url, certificatePin);
  return { transport: httpsTransport(url, { certificate }), certificate };
}

/** The client's folder: MYPAAS_CONFIG, else below the user's configuration (XDG Base Directory). */
export function configFolder({ env }: Pick<Context, "env">): string {
  const own = env("MYPAAS_CONFIG");
  if (own !== undefined) return own;
  const base = env("XDG_CONFIG_HOME") ?? (env("HOME") === undefined ? undefined : `${env("HOME")}/.config`);
  if (base === undefined) {
    throw new UsageError("Cannot find your configuration: neither HOME nor MYPAAS_CONFIG is set");
  }
  return `${base}/mypaas`;
}

/** The folder for what may be lost: beside the client's own, else of the user (XDG Base Directory); undefined: none. */
export function cacheFolder({ env }: Pick<Context, "env">): string | undefined {
  const own = env("MYPAAS_CONFIG");
  if (own !== undefined) return `${own}/cache`;
  const base = env("XDG_CACHE_HOME") ?? (env("HOME") === undefined ? undefined : `${env("HOME")}/.cache`);
  return base && `${base}/mypaas`;
}

function savedEntry(name: string, servers: Readonly<Record<string, ServerEntry>>): ServerEntry {
  const entry = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (entry !== undefined) return entry;
  const names = Object.keys(servers);
  throw new UsageError(`Cannot reach the server "${name}": this machine is not logged in to it`, {
    hint: names.length === 0
      ? "Log in with an invite: mypaas login NAME LINE."
      : `It is logged in to: ${names.join(", ")}. Another one needs an invite: mypaas login NAME LINE.`,
  });
}

async function entryOfLine(line: string): Promise<ServerEntry> {
  const server = parseServerLine(line);
  const { url, certificatePin } = server;
  const certificate = certificatePin === undefined ? undefined : await pinnedCertificate(url, certificatePin);
  return { ...server, certificate };
}

function pinnedCertificate(url: string, pin: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return fetchPinnedCertificate(hostname, Number(port) || 443, { pin });
}

function now(): Date {
  return new Date();
}
