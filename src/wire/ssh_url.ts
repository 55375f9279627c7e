import { UsageError } from "../error.ts";
import { isUserName } from "./caller.ts";

/** A server that is reached over ssh, where the own `ssh` configuration says how. */
export interface SshServer {
  /** `ssh://[user@]host[:port]` */
  readonly url: string;
  readonly user: string | undefined;
  /** A name, an address, or an alias of the ssh configuration. */
  readonly host: string;
  readonly port: number | undefined;
}

const FORM = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:@/[\]]*)(?::([^:@/]*))?\/?$/;

/** Whether a server is named by a URL of ssh, be it a good one or not. */
export function isSshUrl(text: string): boolean {
  return /^ssh:/i.test(text);
}

/**
 * Reads `ssh://[user@]host[:port]`. What it takes can never be read as an option or as more than one word.
 *
 * @throws {UsageError} naming what is wrong with it
 */
export function parseSshUrl(text: string): SshServer {
  const match = FORM.exec(text);
  if (match === null) throw refusal(text, "it is not ssh://[user@]host[:port]");
  const [, user, bracketed = "", port] = match;
  const host = bracketed.replace(/^\[|\]$/g, "");
  if (user !== undefined && !isUserName(user)) {
    throw refusal(text, 'the user may have letters, digits, ".", "_" and "-"');
  }
  const good = bracketed.startsWith("[")
    ? /^[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]{1,15})?$/.test(host)
    : /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/.test(host);
  if (!good) throw refusal(text, 'the host may have letters, digits, ".", "_" and "-", or be an address');
  if (port !== undefined && (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)) {
    throw refusal(text, "the port is a number from 1 to 65535");
  }
  return {
    url: `ssh://${user === undefined ? "" : `${user}@`}${bracketed}${port === undefined ? "" : `:${port}`}`,
    user,
    host,
    port: port === undefined ? undefined : Number(port),
  };
}

function refusal(text: string, reason: string): UsageError {
  // A password does not belong there, and is not shown again.
  const shown = text.replace(/:[^:@/]*@/, ":...@");
  return new UsageError(`Cannot use "${shown}" as a server: ${reason}`, { hint: "Such as ssh://root@shop.example" });
}
