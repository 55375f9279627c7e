import type { Signer } from "../auth/keys.ts";
import { parseServerLine } from "../auth/server_line.ts";
import { Connection } from "../client/connection.ts";
import { finishRotation, type RotationParts } from "../client/rotate_key.ts";
import type { SavedServer, ServerEntry } from "../client/servers.ts";
import type { Transport } from "../client/transport.ts";
import { UsageError } from "../error.ts";
import { clientFolder } from "../host/client_files.ts";
import { fetchPinnedCertificate } from "../host/certificate_pin.ts";
import { httpsTransport } from "../host/https_transport.ts";
import { sshTransport } from "../host/ssh_transport.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { serverLayout } from "../setup/layout.ts";
import { isSshUrl, parseSshUrl, type SshServer } from "../wire/ssh_url.ts";
import type { CliContext } from "./context.ts";
import { type KeyContext, keyOfVariable, openKey } from "./signing_key.ts";

type Context = Pick<CliContext, "root" | "env"> & KeyContext;

/** Connects to the server that a command is about: the named one, the one of MYPAAS_SERVER, or this machine's. */
export async function connect(server: string | undefined, context: Context): Promise<Connection> {
  const name = server ?? context.env("MYPAAS_SERVER");
  return name === undefined ? connectHere(context) : await connectTo(name, context);
}

/** Connects to the daemon of this machine, as root. */
export function connectHere({ root }: Pick<CliContext, "root">): Connection {
  return new Connection(unixTransport(serverLayout(root).daemonSocket), { kind: "unsigned" }, now);
}

/**
 * Connects to a server by its name, by a line such as MYPAAS_SERVER has, or by a URL of ssh.
 *
 * @throws {UsageError} when there is no such server
 */
export async function connectTo(server: string, context: Context): Promise<Connection> {
  const ssh = await sshServer(server, context);
  if (ssh !== undefined) return new Connection(openSsh(ssh, context), { kind: "unsigned" }, now);
  // In CI a line and a key are all there is: no folder is looked for.
  const entry = server.includes("#") ? await entryOfLine(server) : await savedEntry(server, context);
  return signedConnection(entry, await keyFor(server, entry, context));
}

async function keyFor(server: string, entry: ServerEntry, context: Context): Promise<Signer> {
  const ofVariable = await keyOfVariable(context);
  if (ofVariable !== undefined) return ofVariable;
  if (entry.nextKey !== undefined) return (await finishRotation(server, await rotationParts(server, context))).signer;
  return await openKey(entry.key, { ...context, files: clientFolder(configFolder(context)) });
}

function signedConnection(entry: ServerEntry, key: Signer): Connection {
  const { url, certificate, serverId, daemonKey } = entry;
  return new Connection(httpsTransport(url, { certificate }), { kind: "signed", serverId, daemonKey, key }, now);
}

/** What putting another key in place of this machine's needs. @param name of a server as it was given at login */
export async function rotationParts(name: string, context: Context): Promise<RotationParts> {
  const files = clientFolder(configFolder(context));
  const entry = await savedEntry(name, context);
  return {
    files,
    open: (reference) => openKey(reference, { ...context, files }),
    connect: (key) => signedConnection(entry, key),
  };
}

/** The server that is reached over ssh by this name or URL; undefined when it is another one, or none. */
export async function sshServer(server: string, context: Pick<Context, "env">): Promise<SshServer | undefined> {
  if (isSshUrl(server)) return parseSshUrl(server);
  if (server.includes("#")) return undefined;
  const saved = savedUnder(server, await clientFolder(configFolder(context)).servers());
  return saved !== undefined && isSshUrl(saved.url) ? parseSshUrl(saved.url) : undefined;
}

/** Opens a way over ssh; ssh may ask whoever sits at the terminal. */
export function openSsh(server: SshServer, { terminal: { isTerminal } }: Pick<Context, "terminal">): Transport {
  return sshTransport(server, { batch: !isTerminal.stdin && !isTerminal.stderr });
}

/** Opens a way to a server that may have a certificate of its own, which the pin names. */
export async function openTransport(
  { url, certificatePin }: Pick<ServerEntry, "url" | "certificatePin">,
): Promise<{ readonly transport: Transport; readonly certificate: string | undefined }> {
  const certificate = certificatePin === undefined ? undefined : await pinnedCertificate(url, certificatePin);
  return { transport: httpsTransport(url, { certificate }), certificate };
}

/** The client's folder: MYPAAS_CONFIG, else below the user's configuration (XDG Base Directory). */
export function configFolder({ env }: Pick<CliContext, "env">): string {
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

function savedUnder(name: string, servers: Readonly<Record<string, SavedServer>>): SavedServer | undefined {
  return Object.hasOwn(servers, name) ? servers[name] : undefined;
}

async function savedEntry(name: string, context: Context): Promise<ServerEntry> {
  const servers = await clientFolder(configFolder(context)).servers();
  const entry = savedUnder(name, servers);
  if (entry !== undefined && "serverId" in entry) return entry;
  const names = Object.keys(servers);
  throw new UsageError(`Cannot reach the server "${name}": this machine is not logged in to it`, {
    hint: names.length === 0
      ? "Log in with an invite (mypaas login NAME LINE), or go there by ssh: ssh://root@HOST."
      : `It is logged in to: ${
        names.join(", ")
      }. Another one needs an invite (mypaas login NAME LINE) or ssh (ssh://root@HOST).`,
  });
}

async function entryOfLine(line: string): Promise<ServerEntry> {
  const server = parseServerLine(line);
  const { url, certificatePin } = server;
  const certificate = certificatePin === undefined ? undefined : await pinnedCertificate(url, certificatePin);
  return { ...server, certificate, key: undefined, nextKey: undefined };
}

function pinnedCertificate(url: string, pin: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return fetchPinnedCertificate(hostname.replace(/^\[|\]$/g, ""), Number(port) || 443, { pin });
}

function now(): Date {
  return new Date();
}
