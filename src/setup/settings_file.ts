import { parse, stringify } from "@std/yaml";
import * as v from "valibot";
import { MyPaasError } from "../error.ts";
import { containsAddress, isAddress, isSubnet } from "./addresses.ts";
import {
  DEFAULT_BUILD_TIMEOUT,
  DEFAULT_CERTIFICATE_HOURS,
  DEFAULT_QUOTAS,
  MAX_FILES,
  type ServerSettings,
} from "./settings.ts";

/** Settings while `init` is under way: a network that was not made yet is not there. */
export type DraftSettings = Omit<ServerSettings, "networks"> & {
  readonly networks: { readonly [network in NetworkKey]?: ServerSettings["networks"][network] | undefined };
};

/**
 * The networks, in the order in which they are made. `internal`: how services reach each other by name; `ingress`: Traefik
 * and the replicas it sends requests to; `entry`: Traefik and the receiver; `admin`: Traefik's API, for the daemon.
 */
export const NETWORK_KEYS = ["internal", "ingress", "entry", "admin"] as const;
export type NetworkKey = typeof NETWORK_KEYS[number];

/** More builds at a time than any one machine is good for. */
const MAX_BUILDS = 32;
const HOST_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DOMAIN = new RegExp(`^(?=.{1,253}$)(?:${HOST_LABEL}\\.)+(?!\\d+$)${HOST_LABEL}$`);

// Each message completes the sentence "NAME must be ...".
const text = v.string("a text");
const address = v.pipe(
  text,
  v.check((value) => value === "localhost" || isAddress(value) || DOMAIN.test(value), "an IPv4 address or a domain"),
);
const domain = v.pipe(text, v.regex(DOMAIN, "a domain such as paas.example.org"));
const port = v.pipe(
  v.number("a port from 1 to 65535"),
  v.integer("a port from 1 to 65535"),
  v.minValue(1, "a port from 1 to 65535"),
  v.maxValue(65535, "a port from 1 to 65535"),
);
const BUILDS = `a number from 1 to ${MAX_BUILDS}`;
const builds = v.pipe(v.number(BUILDS), v.integer(BUILDS), v.minValue(1, BUILDS), v.maxValue(MAX_BUILDS, BUILDS));
const MINUTES = "a number of minutes from 1 to 1440";
const buildTimeout = v.pipe(
  v.number(MINUTES),
  v.integer(MINUTES),
  v.minValue(1, MINUTES),
  v.maxValue(1440, MINUTES),
);
const cgroup = v.pipe(
  text,
  v.regex(/^(\/[\w-][\w.-]*)+$|^[\w-]+\.slice$/, "the path of a control group, or a slice such as builds.slice"),
);
const LEAST_SIZE = 2 ** 20;
const SIZE = "a size of at least 1m, such as 512m or 4g";
const size = v.pipe(v.number(SIZE), v.integer(SIZE), v.minValue(LEAST_SIZE, SIZE), v.maxValue(2 ** 50, SIZE));
const FILES = `a number from 1 to ${MAX_FILES}`;
const files = v.pipe(v.number(FILES), v.integer(FILES), v.minValue(1, FILES), v.maxValue(MAX_FILES, FILES));
const HOURS = "a number of hours from 1 to 87600";
const hours = v.pipe(v.number(HOURS), v.integer(HOURS), v.minValue(1, HOURS), v.maxValue(87_600, HOURS));
const nameServer = v.pipe(
  text,
  v.check((value) => isNameServer(value), "an IPv4 address, with :port if it is not 53"),
);
const email = v.pipe(text, v.regex(/^[^@\s]+@[^@\s]+$/, "an email address"));
const acme = v.pipe(
  text,
  v.check(
    (value) => value === "production" || value === "staging" || isHttpsUrl(value),
    `"production", "staging" or an https:// URL`,
  ),
);
const path = v.pipe(text, v.check(isPlainPath, "an absolute path without . or .. in it"));
const folder = v.pipe(path, v.check((value) => value !== "/", "a folder below /"));
const image = v.pipe(
  text,
  v.regex(/^[a-z0-9][\w./:@-]*[:@][\w.:-]+$/, "an image with its tag or digest, such as traefik:v3.7.15"),
);
const IN_SUBNET = "inside the subnet";
const network = v.pipe(
  v.strictObject({
    subnet: v.pipe(text, v.check(isSubnet, "an IPv4 subnet such as 172.31.0.0/16")),
    gateway: v.pipe(text, v.check(isAddress, "an IPv4 address")),
    range: v.pipe(text, v.check(isSubnet, "an IPv4 subnet such as 172.31.128.0/17")),
  }, "a map of subnet, gateway and range"),
  v.forward(v.check(({ subnet, gateway }) => liesIn(subnet, gateway), IN_SUBNET), ["gateway"]),
  v.forward(v.check(({ subnet, range }) => liesIn(subnet, range.split("/")[0] ?? ""), IN_SUBNET), ["range"]),
);

const FIELDS = {
  serverId: v.pipe(text, v.regex(/^[0-9a-f]{32}$/, "32 hex digits")),
  address,
  domain: v.optional(domain),
  httpPort: port,
  httpsPort: port,
  supervisor: v.picklist(["systemd", "docker", "none"], `"systemd", "docker" or "none"`),
  email: v.optional(email),
  acme,
  acmeCa: v.optional(path),
  certificateHours: v.optional(hours, DEFAULT_CERTIFICATE_HOURS),
  dns: v.optional(nameServer),
  volumes: folder,
  traefikImage: image,
  autoDomain: v.optional(v.pipe(domain, v.maxLength(200, "a domain of at most 200 characters"))),
  // A file of an earlier version does not have these.
  builder: v.optional(v.picklist(["buildkit", "classic"], `"buildkit" or "classic"`), "buildkit"),
  builds: v.optional(builds, 1),
  buildTimeout: v.optional(buildTimeout, DEFAULT_BUILD_TIMEOUT),
  buildCgroup: v.optional(cgroup),
  maxContext: v.optional(size, DEFAULT_QUOTAS.maxContext),
  maxFiles: v.optional(files, DEFAULT_QUOTAS.maxFiles),
  spoolSize: v.optional(size, DEFAULT_QUOTAS.spoolSize),
  apiPassword: v.pipe(text, v.regex(/^[0-9a-f]{64}$/, "64 hex digits")),
  networks: v.strictObject({
    internal: v.optional(network),
    ingress: v.optional(network),
    entry: v.optional(network),
    admin: v.optional(network),
  }, "a map of internal, ingress, entry and admin"),
} as const;

const DRAFT = v.pipe(
  v.strictObject(FIELDS, "a map of settings"),
  v.forward(v.check(({ httpPort, httpsPort }) => httpPort !== httpsPort, "another port than httpPort"), ["httpsPort"]),
);

const HEADING =
  "# What `mypaas init` was told and what it found. Change it with `mypaas init --...`; the daemon reads it when it starts.\n";

/** Writes `server.yml`. Networks that are not known yet are left out. */
export function renderSettings(settings: DraftSettings): string {
  const known = Object.entries(settings).filter(([, value]) => value !== undefined);
  const networks = Object.fromEntries(NETWORK_KEYS.flatMap((key) => {
    const found = settings.networks[key];
    return found === undefined ? [] : [[key, found]];
  }));
  return HEADING + stringify({ ...Object.fromEntries(known), networks });
}

/**
 * Reads `server.yml` as `init` may have left it half-way.
 *
 * @param path names the file in messages
 * @throws {MyPaasError} naming the field that is missing, unknown or wrong
 */
export function parseDraftSettings(content: string, path: string): DraftSettings {
  const refuse = (why: string, cause?: unknown) =>
    new MyPaasError(`Cannot read the settings in "${path}": ${why}`, {
      hint: "Correct the file by hand, or put back a copy of it",
      cause,
    });
  let value: unknown;
  try {
    value = parse(content);
  } catch (cause) {
    throw refuse(`it is not YAML (${cause instanceof Error ? cause.message.split("\n")[0] : cause})`, cause);
  }
  const result = v.safeParse(DRAFT, value);
  if (result.success) return withAllKeys(result.output);
  throw refuse(describeIssue(result.issues[0]));
}

/**
 * Reads `server.yml` of a server that is set up: every network is known.
 *
 * @throws {MyPaasError} as `parseDraftSettings`, or when `init` did not finish
 */
export function parseSettings(content: string, path: string): ServerSettings {
  const settings = completeSettings(parseDraftSettings(content, path));
  if (settings) return settings;
  throw new MyPaasError(`Cannot use the settings in "${path}": init did not finish`, { hint: "Run mypaas init again" });
}

/** The settings as a whole, or undefined while a network is not known. */
export function completeSettings(draft: DraftSettings): ServerSettings | undefined {
  const { internal, ingress, entry, admin } = draft.networks;
  if (!internal || !ingress || !entry || !admin) return undefined;
  return { ...draft, networks: { internal, ingress, entry, admin } };
}

/**
 * Checks the value of one field, as a flag gives it.
 *
 * @returns what it must be, such as `a port from 1 to 65535`; undefined when it is right
 */
export function fieldProblem(field: Exclude<keyof ServerSettings, "networks">, value: unknown): string | undefined {
  const result = v.safeParse(FIELDS[field], value);
  return result.success ? undefined : result.issues[0].message;
}

function withAllKeys(output: v.InferOutput<typeof DRAFT>): DraftSettings {
  return {
    ...output,
    domain: output.domain,
    email: output.email,
    acmeCa: output.acmeCa,
    dns: output.dns,
    autoDomain: output.autoDomain,
    buildCgroup: output.buildCgroup,
  };
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const name = v.getDotPath(issue) ?? "the file";
  if (issue.type === "strict_object" && issue.expected === "never") return `"${name}" is unknown`;
  // A check of a whole map is told about one of its fields, which is the end of the path.
  const input = issue.path?.at(-1)?.value ?? issue.input;
  if (input === undefined) return `"${name}" is missing`;
  const secret = name === "apiPassword";
  const value = secret || typeof input === "object" ? "" : `, not ${JSON.stringify(input)}`;
  return `${name} must be ${issue.message}${value}`;
}

/** True as well when one of them is no such thing: that has been said then. */
function liesIn(subnet: string, address: string): boolean {
  return !isSubnet(subnet) || !isAddress(address) || containsAddress(subnet, address);
}

function isHttpsUrl(value: string): boolean {
  return URL.canParse(value) && new URL(value).protocol === "https:";
}

function isNameServer(value: string): boolean {
  const [host = "", port = "53", ...more] = value.split(":");
  return isAddress(host) && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535 && more.length === 0;
}

function isPlainPath(value: string): boolean {
  return value === "/" ||
    /^(?:\/[^/\0\n]+)+$/.test(value) && !value.split("/").some((part) => part === "." || part === "..");
}
