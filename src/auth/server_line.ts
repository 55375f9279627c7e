// What a laptop pastes. An invite: `URL#<id>.<secret>.<server id>.<daemon key>[.<certificate pin>]`.
// The value of MYPAAS_SERVER: `URL#<server id>.<daemon key>[.<certificate pin>]`.
import { UsageError } from "../error.ts";
import { fromBase64Url } from "./base64url.ts";

/** A server as a line names it. */
export interface ServerLine {
  /** Origin: `https://shop.example`, `https://1.2.3.4:8443`; plain http only to loopback. */
  readonly url: string;
  /** 32 hex digits. */
  readonly serverId: string;
  /** Raw ed25519 public key of the daemon, base64url. */
  readonly daemonKey: string;
  /** SHA-256 of the certificate (DER), base64url; undefined when an authority signed it. */
  readonly certificatePin: string | undefined;
}

/** An invite as a line names it. */
export interface InviteLine extends ServerLine {
  /** 16 hex digits. */
  readonly id: string;
  /** 128 random bits, base64url. Never shown again. */
  readonly secret: string;
}

const INVITE_FORM = "URL#<id>.<secret>.<server id>.<daemon key>[.<certificate pin>]";
const SERVER_FORM = "URL#<server id>.<daemon key>[.<certificate pin>]";

/** Writes the line that a laptop pastes after `mypaas login NAME`. */
export function formatInviteLine({ id, secret, ...server }: InviteLine): string {
  return `${server.url}#${[id, secret, ...serverParts(server)].join(".")}`;
}

/** Writes a value for MYPAAS_SERVER. */
export function formatServerLine(server: ServerLine): string {
  return `${server.url}#${serverParts(server).join(".")}`;
}

/**
 * Reads an invite.
 *
 * @throws {UsageError} naming the part that is wrong, never repeating the line: it holds the secret
 */
export function parseInviteLine(line: string): InviteLine {
  const read = new LineReader("the invite", INVITE_FORM);
  const { url, parts } = read.split(line, 4);
  const [id = "", secret = "", ...server] = parts;
  read.checkHex("id", id, 8);
  read.checkBase64Url("secret", secret, 16);
  return { id, secret, ...read.server(url, server) };
}

/**
 * Reads the value of MYPAAS_SERVER.
 *
 * @throws {UsageError} naming the part that is wrong
 */
export function parseServerLine(line: string): ServerLine {
  const read = new LineReader("the server", SERVER_FORM);
  const { url, parts } = read.split(line, 2);
  return read.server(url, parts);
}

/** Reads the parts of one kind of line, and names the one that is wrong without repeating it. */
class LineReader {
  readonly #what: string;
  readonly #form: string;

  constructor(what: string, form: string) {
    this.#what = what;
    this.#form = form;
  }

  /** Splits a line with so many parts, or one more. */
  split(line: string, count: number): { readonly url: string; readonly parts: readonly string[] } {
    const [url = "", rest, ...more] = line.trim().split("#");
    const parts = rest?.split(".") ?? [];
    if (more.length > 0 || parts.length < count || parts.length > count + 1) {
      throw this.#fault(`it must be ${this.#form}`);
    }
    return { url: this.#origin(url), parts };
  }

  server(url: string, [serverId = "", daemonKey = "", certificatePin]: readonly string[]): ServerLine {
    this.checkHex("server id", serverId, 16);
    this.checkBase64Url("daemon key", daemonKey, 32);
    if (certificatePin !== undefined) this.checkBase64Url("certificate pin", certificatePin, 32);
    return { url, serverId, daemonKey, certificatePin };
  }

  checkHex(part: string, text: string, bytes: number): void {
    if (text.length === 2 * bytes && /^[0-9a-f]+$/.test(text)) return;
    throw this.#fault(`its ${part} must be ${2 * bytes} lower-case hex digits`);
  }

  checkBase64Url(part: string, text: string, bytes: number): void {
    if (fromBase64Url(text, bytes) !== undefined) return;
    throw this.#fault(`its ${part} must be ${bytes} bytes in base64url`);
  }

  /** Takes only an origin, so that nothing of a URL is silently dropped. */
  #origin(text: string): string {
    const url = URL.parse(text);
    if (url === null || !["https:", "http:"].includes(url.protocol)) {
      throw this.#fault("its URL must begin with https:// and name a host");
    }
    if (url.pathname !== "/" || url.search !== "" || url.username !== "" || url.password !== "") {
      throw this.#fault("its URL must be only https://HOST[:PORT]");
    }
    if (url.protocol === "http:" && !isLoopback(url.hostname)) {
      throw this.#fault("its URL must begin with https://: plain http is only for this machine itself");
    }
    return url.origin;
  }

  #fault(reason: string): UsageError {
    return new UsageError(`Cannot read ${this.#what}: ${reason}`, {
      hint: "Paste the whole line as it was printed, in quotes.",
    });
  }
}

function serverParts({ serverId, daemonKey, certificatePin }: ServerLine): readonly string[] {
  return certificatePin === undefined ? [serverId, daemonKey] : [serverId, daemonKey, certificatePin];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}
