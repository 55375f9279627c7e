import { parse } from "@std/yaml";
import type { ObjectNames } from "../service/names.ts";
import { domainsOf, type ServiceSpec } from "../service/spec.ts";
import { fault, type Finding, listed, warning } from "./finding.ts";
import { field } from "./yaml_field.ts";

/** A release that has containers, or may have: live, on its way, or ended a short time ago and draining. */
export interface OpenRelease {
  readonly service: string;
  readonly release: number;
  readonly status: "live" | "pending" | "ended";
  readonly spec: Pick<ServiceSpec, "sites">;
  /** Of its replicas on the ingress network. */
  readonly addresses: readonly string[];
}

/** What the state database says, read without changing it. */
export interface StateFacts {
  /** What SQLite found wrong, a line each; none: nothing. */
  readonly faults: readonly string[];
  readonly releases: readonly OpenRelease[];
  /** Services that somebody stopped, or that are being removed. */
  readonly resting: readonly string[];
}

/** Judges the database. @param path its file */
export function checkState({ faults }: Pick<StateFacts, "faults">, path: string): readonly Finding[] {
  const [first] = faults;
  if (first === undefined) return [];
  return [
    fault(
      `The state "${path}" is damaged: ${first}`,
      "put the last backup in its place: mypaas uninstall --data, then mypaas restore FILE",
    ),
  ];
}

/** The routes as they stand in the file, and as Traefik has loaded them. */
export interface RouteFacts {
  readonly path: string;
  /** Undefined: there is no such file. */
  readonly text: string | undefined;
  /** The rule of the router that counts the tables, as Traefik tells it; undefined: it told none. */
  readonly loaded: string | undefined;
  readonly state: Pick<StateFacts, "releases" | "resting">;
  /** What starts the daemon again, which writes the file as it should be. */
  readonly restart: string;
}

/** Judges whether every service is routed to its own containers, and Traefik goes by the file. */
export function checkRoutes({ path, text, loaded, state, restart }: RouteFacts): readonly Finding[] {
  const table = text === undefined ? undefined : readTable(text);
  if (table === undefined) {
    return [fault(`"${path}" ${text === undefined ? "is missing" : "is not a table of routes"}`, restart)];
  }
  const expected = state.releases.filter(({ spec, status }) => spec.sites.length > 0 && status === "live")
    .map(({ service }) => service).filter((service) => !state.resting.includes(service));
  const missing = [...new Set(expected)].filter((service) => !table.servers.has(service));
  const findings = missing.map((service) => fault(`"${path}" has no route of "${service}"`, restart));
  for (const [service, addresses] of table.servers) {
    const own = state.releases.filter((release) => release.service === service);
    if (own.length === 0) {
      findings.push(fault(`"${path}" has a route of "${service}", which is no service of this server`, restart));
      continue;
    }
    const known = new Set(own.flatMap(({ addresses }) => addresses));
    const foreign = addresses.filter((address) => !known.has(address));
    if (foreign.length === 0) continue;
    findings.push(fault(`"${path}" leads "${service}" to ${listed(foreign)}, where it has no container`, restart));
  }
  if (table.generation !== loaded) {
    findings.push(fault(`Traefik does not go by "${path}" as it is`, "docker logs --tail 50 of Traefik's container"));
  }
  return findings;
}

interface Table {
  readonly servers: ReadonlyMap<string, readonly string[]>;
  readonly generation: string | undefined;
}

/** Reads back what `src/traefik/route_file.ts` writes; undefined when it is something else. */
function readTable(text: string): Table | undefined {
  let root: unknown;
  try {
    root = parse(text);
  } catch {
    return undefined;
  }
  const http = field(root, "http");
  const services = field(http, "services");
  if (typeof services !== "object" || services === null) return undefined;
  const generation = field(field(field(http, "routers"), "mypaas-generation"), "rule");
  return {
    servers: new Map(
      Object.entries(services).filter(([name]) => !name.startsWith("mypaas")).map((
        [name, value],
      ) => [name, hostsOf(value)]),
    ),
    generation: typeof generation === "string" ? generation : undefined,
  };
}

function hostsOf(service: unknown): readonly string[] {
  const servers = field(field(service, "loadBalancer"), "servers");
  if (!Array.isArray(servers)) return [];
  return servers.flatMap((server) => URL.parse(String(field(server, "url")))?.hostname ?? []);
}

/** Objects of Docker with this server's label. */
export interface OwnedFacts {
  readonly containers: readonly {
    readonly name: string;
    readonly part: string | undefined;
    readonly service: string | undefined;
    readonly release: number | undefined;
  }[];
  readonly networks: readonly string[];
  readonly state: Pick<StateFacts, "releases">;
  readonly names: ObjectNames;
}

/** Names what has this server's label and is no part of it: left over, or made by somebody from one of its images. */
export function checkLeftovers({ containers, networks, state, names }: OwnedFacts): readonly Finding[] {
  const open = new Set(state.releases.map(({ service, release }) => `${service}.${release}`));
  const parts = new Set([names.traefik, names.receiver, names.daemon]);
  const strayed = containers.filter(({ name, part, service, release }) => {
    if (part === "one-off") return false;
    if (part === "replica") return !open.has(`${service}.${release}`);
    return !parts.has(name);
  });
  const services = new Set(state.releases.map(({ service }) => service));
  const known = new Set([...Object.values(names.networks), ...[...services].map((name) => names.ownNetwork(name))]);
  return [
    ...strayed.map(({ name, service, release }) =>
      warning(
        `The container "${name}" has this server's label and is no part of it${
          service === undefined || release === undefined ? "" : `: release ${release} of "${service}" is not live`
        }`,
        `docker rm -f ${name}`,
      )
    ),
    ...networks.filter((name) => !known.has(name)).map((name) =>
      warning(`The network "${name}" has this server's label and is used by no service`, `docker network rm ${name}`)
    ),
  ];
}

/** The domains of the live services, each with its service and whether any site of it is served over https. */
export function liveDomains(
  { releases }: Pick<StateFacts, "releases">,
): readonly { readonly domain: string; readonly service: string; readonly https: boolean }[] {
  return releases.filter(({ status }) => status === "live").flatMap(({ service, spec }) =>
    domainsOf(spec).map((domain) => ({
      domain,
      service,
      https: spec.sites.some((site) => site.domain === domain && site.https),
    }))
  );
}
