import type { EnvVariable, HealthProbe, PublishedPort, Site, Volume } from "./spec.ts";
import {
  type EnvOption,
  MAX_SCALE,
  parseBuildArg,
  parseCpus,
  type Parsed,
  parseDomainOption,
  parseDuration,
  parseEnv,
  parseFlag,
  parseHealthcheck,
  parseIsolated,
  parseMemory,
  parsePort,
  parsePublish,
  parseScale,
  parseServiceName,
  parseUrl,
  parseVolume,
} from "./option_values.ts";

/** One option of a Dockerfile, written `# mypaas.<name> = <value>`. */
export interface Option<T> {
  readonly name: string;
  /** Other names it goes by. */
  readonly aliases: readonly string[];
  readonly repeatable: boolean;
  /** The value when it is not given, written as in a Dockerfile. */
  readonly default: string | undefined;
  /** The default of a service whose scale is 0, where it is another one. */
  readonly defaultAtScaleZero?: string;
  readonly meaning: string;
  /** What is allowed; completes the sentence "it takes ...". */
  readonly takes: string;
  /** A value, written as in a Dockerfile. */
  readonly example: string;
  readonly parse: (text: string) => Parsed<T>;
}

/** Every option there is. It feeds the parser, its errors, `--help` and the README. */
export const options = {
  servicename: {
    name: "servicename",
    aliases: ["service"],
    repeatable: false,
    default: undefined,
    meaning: "The name of the service; a deploy replaces the service of that name",
    takes: "1 to 42 lower-case letters, digits and inner dashes, but not traefik or mypaas...",
    example: "blog",
    parse: parseServiceName,
  } satisfies Option<string>,
  domain: {
    name: "domain",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning:
      "A host name under which the service is reached. Without one only other services reach it, or the server gives it one (init --auto-domain); none: never",
    takes: "a host name with a dot, such as blog.example.com, without https:// or a path, or none",
    example: "blog.example.com",
    parse: parseDomainOption,
  } satisfies Option<string>,
  https: {
    name: "https",
    aliases: [],
    repeatable: false,
    default: "false",
    meaning: "Serve the domains over https, and send http there",
    takes: "true or false",
    example: "true",
    parse: parseFlag,
  } satisfies Option<boolean>,
  volume: {
    name: "volume",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning: "A folder that outlives the container; ~ is the server's volume root, a plain name is a Docker volume",
    takes: "~/folder:/folder, /folder:/folder or name:/folder, with :ro at the end for read-only, and no . or .. in it",
    example: "~/blog:/data",
    parse: parseVolume,
  } satisfies Option<Volume>,
  port: {
    name: "port",
    aliases: [],
    repeatable: false,
    default: "80",
    meaning: "Where the service listens inside its container",
    takes: "a number from 1 to 65535",
    example: "8080",
    parse: parsePort,
  } satisfies Option<number>,
  scale: {
    name: "scale",
    aliases: [],
    repeatable: false,
    default: "0",
    meaning:
      "0: one container, the old one stops before the new one starts. More: that many, new before old, no downtime",
    takes: `a number from 0 to ${MAX_SCALE}`,
    example: "2",
    parse: parseScale,
  } satisfies Option<number>,
  env: {
    name: "env",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning:
      "An environment variable of the container; everything after the first = is its value. KEY alone: the value is stored on the server, by mypaas env set, as is right for a secret. KEY@file: the same, and the container gets it as the file /run/secrets/KEY, which Docker does not tell, with its path in KEY_FILE",
    takes: "KEY=VALUE, such as GREETING=hello, or KEY or KEY@file for a value of the service's store on the server",
    example: "GREETING=hello",
    parse: parseEnv,
  } satisfies Option<EnvOption>,
  healthcheck: {
    name: "healthcheck",
    aliases: [],
    repeatable: false,
    default: undefined,
    meaning:
      "The request that a new container has to answer with 2xx or 3xx to be ready: path, pause between two tries (1s; while it starts never longer), and how long a try waits (5s). A HEALTHCHECK of the image has to succeed too",
    takes: "/path [interval] [timeout], with times from 100ms to 10m, such as /health 1s 5s",
    example: "/health 1s 5s",
    parse: parseHealthcheck,
  } satisfies Option<HealthProbe>,
  maxmem: {
    name: "maxmem",
    aliases: [],
    repeatable: false,
    default: undefined,
    meaning: "The most memory of each container, swap included; one that takes more is killed and started again",
    takes: "6m or more: a number with k, m, g or t behind it, such as 512m or 1g",
    example: "512m",
    parse: parseMemory,
  } satisfies Option<number>,
  maxcpu: {
    name: "maxcpu",
    aliases: [],
    repeatable: false,
    default: undefined,
    meaning: "The most CPU time of each container, in CPUs of the server",
    takes: "a number from 0.01 on, such as 1.5",
    example: "1.5",
    parse: parseCpus,
  } satisfies Option<number>,
  publish: {
    name: "publish",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning:
      "A port on all addresses of the server that leads to one of the container, past Traefik; with scale 0 only. Connections to it are refused while a deploy changes containers",
    takes: "SERVER-PORT:CONTAINER-PORT, with /udp at the end for UDP, such as 5432:5432",
    example: "5432:5432",
    parse: parsePublish,
  } satisfies Option<PublishedPort>,
  url: {
    name: "url",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning:
      "Domain, https and path in one. https://example.com/a answers /a and what is below it, not /ab; the container sees the whole path. Services may share a domain by paths, the longest one wins",
    takes:
      "https://host, http://host, or one of them with a path of letters, digits and ._~-, such as https://example.com/shop",
    example: "https://example.com/shop",
    parse: parseUrl,
  } satisfies Option<Site>,
  startTimeout: {
    name: "start-timeout",
    aliases: [],
    repeatable: false,
    default: "60s",
    meaning: "The longest wait until a new container is ready",
    takes: "a duration from 1s to 60m, such as 90s, 2m or 90",
    example: "2m",
    parse: (text: string) => parseDuration(text, 1),
  } satisfies Option<number>,
  drainTimeout: {
    name: "drain-timeout",
    aliases: [],
    repeatable: false,
    default: "30s",
    defaultAtScaleZero: "5s",
    meaning: "The longest wait for the last request of an old container",
    takes: "a duration from 0s to 60m, such as 90s, 2m or 90",
    example: "60s",
    parse: (text: string) => parseDuration(text, 0),
  } satisfies Option<number>,
  stopGrace: {
    name: "stop-grace",
    aliases: [],
    repeatable: false,
    default: "10s",
    meaning: "The time from SIGTERM to SIGKILL",
    takes: "a duration from 0s to 60m, such as 90s, 2m or 90",
    example: "30s",
    parse: (text: string) => parseDuration(text, 0),
  } satisfies Option<number>,
  buildarg: {
    name: "buildarg",
    aliases: [],
    repeatable: true,
    default: undefined,
    meaning: "A value for an ARG of the Dockerfile. Never a secret: the image tells it to everybody who has it",
    takes: "KEY=VALUE, such as VERSION=1.2, but none of BuildKit's own such as TARGETARCH",
    example: "VERSION=1.2",
    parse: parseBuildArg,
  } satisfies Option<EnvVariable>,
  hsts: {
    name: "hsts",
    aliases: [],
    repeatable: false,
    default: "false",
    meaning: "Tell browsers, for a year, to use nothing but https for these domains",
    takes: "true or false",
    example: "true",
    parse: parseFlag,
  } satisfies Option<boolean>,
  isolated: {
    name: "isolated",
    aliases: [],
    repeatable: false,
    default: "false",
    meaning:
      "Which services reach this one by its name: all (false), no other (true), or those that are named. It is about the name only: nothing keeps them from its address",
    takes: "true, false, or names of services with commas between them, such as web,worker",
    example: "web,worker",
    parse: parseIsolated,
  } satisfies Option<readonly string[] | undefined>,
} as const;

/** All options, in the order in which they are documented. */
export const allOptions: readonly Option<unknown>[] = Object.values(options);

/** The option of that name or alias. */
export function findOption(name: string): Option<unknown> | undefined {
  return allOptions.find((option) => option.name === name || option.aliases.includes(name));
}
