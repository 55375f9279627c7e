import type { EnvVariable, Volume } from "./spec.ts";

/** A value in its narrow type, or why it is none: the rest of a sentence that begins with the quoted value. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

/** The words a service name must not be, because MyPaas uses them itself. */
const RESERVED = /^(mypaas.*|traefik)$/;

/** Whether a text is the name of a service, reserved ones included. */
export function isServiceName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(text);
}

export function parseServiceName(text: string): Parsed<string> {
  if (!isServiceName(text)) return { fault: "is not a service name" };
  return RESERVED.test(text) ? { fault: "is reserved for MyPaas itself" } : { value: text };
}

/** Whether a text is a host name in lower-case ASCII with at least two labels; an IPv4 address is none. */
export function isDomain(text: string): boolean {
  return text.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) &&
    !/\.\d+$/.test(text);
}

/** Lower case, and international names in their ASCII form (`bücher.example` is `xn--bcher-kva.example`), as browsers do it. */
export function parseDomain(text: string): Parsed<string> {
  // Only what is left when everything that URL would read as something else than a host name is refused.
  const host = /^[^\s\p{Cc}/\\:@?#%*[\]]+$/u.test(text) ? URL.parse(`http://${text}`)?.hostname : undefined;
  return host !== undefined && isDomain(host) ? { value: host } : { fault: "is not a host name" };
}

export function parsePort(text: string): Parsed<number> {
  const port = wholeNumber(text);
  return port !== undefined && port >= 1 && port <= 65535 ? { value: port } : { fault: "is not a port" };
}

/** More replicas than this on one machine are a slip of the finger. */
export const MAX_SCALE = 100;

export function parseScale(text: string): Parsed<number> {
  const scale = wholeNumber(text);
  return scale !== undefined && scale <= MAX_SCALE ? { value: scale } : { fault: "is not a number of replicas" };
}

/** `60s`, `2m`, `1h` or plain seconds, in seconds, up to an hour. */
export function parseDuration(text: string, least: number): Parsed<number> {
  const [, digits = "", unit = "s"] = /^(\d+)([smh])?$/.exec(text) ?? [];
  const count = wholeNumber(digits);
  if (count === undefined) return { fault: "is not a duration" };
  const seconds = count * ({ s: 1, m: 60, h: 3600 }[unit] ?? 1);
  if (seconds < least) return { fault: "is too short" };
  return seconds > 3600 ? { fault: "is too long" } : { value: seconds };
}

/** `KEY=VALUE`; everything after the first `=` is the value, quotes included. */
export function parseEnv(text: string): Parsed<EnvVariable> {
  const equals = text.indexOf("=");
  if (equals < 0) {
    if (!/^[A-Za-z_][\w.-]*(@.*)?$/s.test(text)) return { fault: "is not a variable" };
    return { fault: `is not supported yet (a ${text.includes("@") ? "secret file" : "variable without a value"})` };
  }
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return { fault: "has no good variable name" };
  return value.includes("\0") ? { fault: "has a NUL character" } : { value: { name, value } };
}

/** `~/dir:/dir`, `/abs/dir:/dir` or `name:/dir`, each with or without `:ro`. Paths come out without a `/` at their end. */
export function parseVolume(text: string): Parsed<Volume> {
  // A comma would separate fields in Docker's own mount syntax.
  if (/[\p{Cc},]/u.test(text)) return { fault: "has a comma or a control character" };
  const [source = "", target = "", mode, ...more] = text.split(":");
  if (more.length > 0 || (mode !== undefined && mode !== "ro")) return { fault: "is not a volume" };
  const inside = volumePath(target);
  if (inside === undefined) return { fault: "names no good folder in the container" };
  const readOnly = mode === "ro";
  if (/^[a-zA-Z0-9][\w.-]{0,62}$/.test(source)) {
    return { value: { kind: "named", source, target: inside, readOnly } };
  }
  const home = source.startsWith("~/") ? "~" : "";
  const outside = volumePath(source.slice(home.length));
  if (outside === undefined) return { fault: "names no good folder on the server" };
  return { value: { kind: "bind", source: home + outside, target: inside, readOnly } };
}

/** An absolute path with at least one component, none of them `.`, `..` or empty. */
function volumePath(text: string): string | undefined {
  const path = text.replace(/\/$/, "");
  return /^(\/(?!\.{1,2}(\/|$))[^/]+)+$/.test(path) ? path : undefined;
}

function wholeNumber(text: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : undefined;
}
