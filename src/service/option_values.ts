import type { EnvVariable, HealthProbe, PublishedPort, Site, Volume } from "./spec.ts";

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
function parseDomain(text: string): Parsed<string> {
  // Only what is left when everything that URL would read as something else than a host name is refused.
  const host = /^[^\s\p{Cc}/\\:@?#%*[\]]+$/u.test(text) ? URL.parse(`http://${text}`)?.hostname : undefined;
  return host !== undefined && isDomain(host) ? { value: host } : { fault: "is not a host name" };
}

/** What a Dockerfile has in place of a domain to say that there is none, whatever the server gives. */
export const NO_DOMAIN = "none";

/** A domain, or `none`, which has no dot and so is none. */
export function parseDomainOption(text: string): Parsed<string> {
  return text === NO_DOMAIN ? { value: NO_DOMAIN } : parseDomain(text);
}

/** Whether a text is the path of a site below `/`: whole components without a slash at its end. */
export function isSitePath(text: string): boolean {
  return text.length <= 200 && /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(text);
}

/** `https://host` or `http://host`, with or without a path; a slash at its end does not count. */
export function parseUrl(text: string): Parsed<Site> {
  const [, scheme, host = "", written = ""] = /^(https?):\/\/([^/]*)(\/.*)?$/is.exec(text) ?? [];
  if (scheme === undefined) return { fault: "does not begin with https:// or http://" };
  const domain = parseDomain(host);
  if ("fault" in domain) return { fault: "has no good host name" };
  const path = written.replace(/\/$/, "");
  if (path !== "" && !isSitePath(path)) return { fault: "has no good path" };
  return { value: { domain: domain.value, path: path || "/", https: scheme.toLowerCase() === "https" } };
}

export function parseFlag(text: string): Parsed<boolean> {
  return text === "true" || text === "false" ? { value: text === "true" } : { fault: "is neither true nor false" };
}

/** `true`: no other service, `false`: all of them (undefined), or the names of those that do: `web,worker`. */
export function parseIsolated(text: string): Parsed<readonly string[] | undefined> {
  const flag = parseFlag(text);
  if ("value" in flag) return { value: flag.value ? [] : undefined };
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    // A service may be called so, but in a list it is more likely a slip.
    if ("value" in parseFlag(name)) return { fault: `names "${name}", which is no name here` };
    const parsed = parseServiceName(name);
    if ("fault" in parsed) return { fault: `names ${JSON.stringify(name)}, which ${parsed.fault}` };
  }
  return new Set(names).size < names.length ? { fault: "names a service twice" } : { value: names.toSorted() };
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

/** `/path [interval] [timeout]`: the times in milliseconds. */
export function parseHealthcheck(text: string): Parsed<HealthProbe> {
  const [path = "", interval = "1s", timeout = "5s", ...more] = text.split(/[ \t]+/);
  if (!/^\/[!-~]{0,499}$/.test(path) || path.includes("#")) return { fault: "does not begin with a good path" };
  const intervalMs = milliseconds(interval);
  const timeoutMs = milliseconds(timeout);
  if (more.length > 0 || intervalMs === undefined || timeoutMs === undefined) return { fault: "has a wrong time" };
  return { value: { path, intervalMs, timeoutMs } };
}

function milliseconds(text: string): number | undefined {
  const [, digits = "", unit = "s"] = /^(\d+)(ms|s|m)?$/.exec(text) ?? [];
  const ms = (wholeNumber(digits) ?? 0) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? 0);
  return ms >= 100 && ms <= 600_000 ? ms : undefined;
}

/** Docker takes no less. */
const LEAST_MEMORY = 6 * 2 ** 20;

/** `512m`, `1g`, or bytes; 1k is 1024. */
export function parseMemory(text: string): Parsed<number> {
  const bytes = parseSize(text);
  if (bytes === undefined) return { fault: "is not an amount of memory" };
  if (bytes < LEAST_MEMORY) return { fault: "is too little" };
  return bytes > Number.MAX_SAFE_INTEGER ? { fault: "is too much" } : { value: bytes };
}

/** `512m`, `1g`, or bytes; 1k is 1024. Undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d+)([kmgt]?)$/i.exec(text) ?? [];
  const count = wholeNumber(digits) ?? (/^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined);
  return count && count * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
}

/** `2`, `1.5` or `.5` */
export function parseCpus(text: string): Parsed<number> {
  if (!/^(?=.*\d)\d{0,4}(\.\d{0,6})?$/.test(text)) return { fault: "is not a number of CPUs" };
  const cpus = Number(text);
  return cpus < 0.01 ? { fault: "is too little" } : { value: cpus };
}

/** `5432:5432`, the server's port first, with or without `/tcp` or `/udp`. */
export function parsePublish(text: string): Parsed<PublishedPort> {
  const [, host = "", inside = "", protocol = "tcp"] = /^(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const hostPort = parsePort(host);
  const port = parsePort(inside);
  if ("fault" in hostPort || "fault" in port) return { fault: "is not a pair of ports" };
  return { value: { hostPort: hostPort.value, port: port.value, protocol: protocol === "udp" ? "udp" : "tcp" } };
}

/** What BuildKit itself reads, some of it to choose images and frontends: not for a Dockerfile to set. */
const BUILDKIT_ARGUMENT = /^(BUILDKIT_|(BUILD|TARGET)(PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE)$)/i;

/** `KEY=VALUE` */
export function parseBuildArg(text: string): Parsed<EnvVariable> {
  const [, name, value = ""] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) return { fault: "is not a build argument" };
  if (BUILDKIT_ARGUMENT.test(name)) return { fault: "is set by the build itself" };
  return value.includes("\0") ? { fault: "has a NUL character" } : { value: { name, value } };
}

/** A variable as a Dockerfile names it. */
export interface EnvOption {
  readonly name: string;
  /** Undefined: it is in the service's store on the server. */
  readonly value: string | undefined;
  /** Whether the container gets it as a file, not as a variable. */
  readonly file?: true;
}

/** Whether a text is the name of an environment variable. */
export function isEnvName(text: string): boolean {
  return /^[A-Za-z_][\w.-]{0,254}$/.test(text);
}

/** `KEY=VALUE`, everything after the first `=` being the value, quotes included; or `KEY` or `KEY@file` alone. */
export function parseEnv(text: string): Parsed<EnvOption> {
  const equals = text.indexOf("=");
  if (equals < 0) {
    if (isEnvName(text)) return { value: { name: text, value: undefined } };
    const [name = "", delivery] = text.split(/@(.*)/s);
    if (isEnvName(name) && delivery === "file") return { value: { name, value: undefined, file: true } };
    return { fault: "is not a variable" };
  }
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (!isEnvName(name)) return { fault: "has no good variable name" };
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
