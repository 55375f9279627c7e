import type { Route } from "./route.ts";
import { METRICS_PATH } from "./metrics.ts";
import { type NameProof, PROOF_HEADER } from "./name_proof.ts";
import { REDIRECT_PLUGIN } from "./redirect_plugin.ts";
import { HSTS_HEADERS, HSTS_MIDDLEWARE, REDIRECT_MIDDLEWARE, serviceRouters } from "./routers.ts";
import { checkedPort, hostRule, Priority, retryFor, type RetryMiddleware, routeName, serverUrl } from "./rule.ts";
import { RESOLVER } from "./static_config.ts";

/** The receiver, as Traefik reaches it and as laptops do. */
export interface ReceiverRoute {
  /** Domains or IPv4 addresses under which laptops reach it. */
  readonly hosts: readonly string[];
  /** Its address on the entry network. */
  readonly address: string;
  readonly port: number;
  /** Whether it answers on the plain entry point too: only for a server that is tried out on its own machine. */
  readonly plainHttp: boolean;
}

/** What stands in the route file beside the services. */
export interface RouteFileExtras {
  /** Counts the tables; read back with `readBackRouter`, it proves that Traefik goes by this one. */
  readonly generation: number;
  /** Who may use Traefik's API: a line of a password file, `name:hash`. Any of Apache's hashes; `$` needs no escape. */
  readonly apiUser: string;
  readonly receiver?: ReceiverRoute | undefined;
  /** The certificate for names that have none of their own: paths inside Traefik's container. */
  readonly defaultCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** What this Traefik answers under every name, over plain http. */
  readonly proof?: NameProof | undefined;
  /** Domains for which Traefik is to get a certificate now, one each, unless it has one or is about it. */
  readonly ordered?: readonly string[] | undefined;
  /** Where browsers find https, for the redirect; 443 when it is not given. */
  readonly httpsPort?: number | undefined;
}

/** How long a request to the receiver waits while the receiver restarts. */
const RECEIVER_HOLD_SECONDS = 5;

/**
 * What one address may ask of the receiver: a push needs a dozen requests, a pipeline with many services some hundreds at once.
 * Refused here it costs a tenth of what the receiver and the daemon need to say no, and that would be taken from the services.
 */
const RECEIVER_RATE = { average: 25, burst: 500, period: "1s" } as const;

/** Two shared transports: a lone server is waited for, one of many is given up quickly. Idle connections are short, for the drain. */
const TRANSPORTS = {
  one: { forwardingTimeouts: { dialTimeout: "3s", idleConnTimeout: "1s" } },
  many: { forwardingTimeouts: { dialTimeout: "500ms", idleConnTimeout: "1s" } },
} as const;

interface Router {
  readonly rule: string;
  readonly entryPoints: readonly ("web" | "websecure" | "admin")[];
  readonly priority: number;
  readonly service: string;
  readonly middlewares?: readonly string[];
  readonly tls?: {
    readonly certResolver?: string;
    readonly domains?: readonly { readonly main: string }[];
  };
}

/** The parts of a table by their names in Traefik. */
interface Parts {
  readonly routers: Record<string, Router>;
  readonly middlewares: Record<string, unknown>;
  readonly services: Record<string, unknown>;
}

/** The router that carries the generation: its name in Traefik's API, and its rule. */
export function readBackRouter(generation: number): { readonly name: string; readonly rule: string } {
  if (!Number.isSafeInteger(generation) || generation < 0) throw new Error(`Not a generation: ${generation}`);
  return { name: "mypaas-generation@file", rule: `Host(\`generation-${generation}.invalid\`)` };
}

/**
 * Renders the one file that Traefik's file provider reads: all services and the server's own routes. Equal input gives
 * equal text, whatever the order of the routes. Each part is one line: YAML takes JSON for a value, and a writer of YAML
 * needs longer for 200 services than Traefik for reading them (it is written twice in a deploy).
 */
export function renderRouteFile(routes: readonly Route[], extras: RouteFileExtras): string {
  const parts: Parts = { routers: {}, middlewares: {}, services: {} };
  addOwnRoutes(parts, extras);
  addCertificateRoutes(parts, extras);
  for (const route of routes.toSorted((a, b) => (a.service < b.service ? -1 : 1))) addService(parts, route, extras);
  const used = Object.values(parts.services).map((service) => JSON.stringify(service));
  const transports = Object.entries(TRANSPORTS).filter(([name]) =>
    used.some((service) => service.includes(`"serversTransport":"${name}"`))
  );
  const { defaultCertificate } = extras;
  const maps = { ...parts, serversTransports: Object.fromEntries(transports) };
  const text = [
    "http:",
    ...Object.entries(maps).flatMap(([name, map]) => mapLines(name, map)),
    ...defaultCertificate === undefined
      ? []
      : ["tls:", ...mapLines("stores", { default: { defaultCertificate: checkedCertificate(defaultCertificate) } })],
    "",
  ].join("\n");
  // Traefik runs every file through Go's templates, which read the environment and files.
  if (text.includes("{{")) throw new Error(`The route file has a template: ${text}`);
  return text;
}

function addOwnRoutes({ routers, middlewares, services }: Parts, extras: RouteFileExtras): void {
  const priority = Priority.server;
  routers["mypaas-generation"] = {
    rule: readBackRouter(extras.generation).rule,
    entryPoints: ["admin"],
    priority,
    service: "noop@internal",
  };
  routers["mypaas-api"] = {
    rule: "PathPrefix(`/api`)",
    entryPoints: ["admin"],
    priority,
    service: "api@internal",
    middlewares: ["mypaas-api-login"],
  };
  routers["mypaas-metrics"] = {
    rule: `Path(\`${METRICS_PATH}\`)`,
    entryPoints: ["admin"],
    priority,
    service: "prometheus@internal",
    middlewares: ["mypaas-api-login"],
  };
  middlewares["mypaas-api-login"] = { basicAuth: { users: [checkedUser(extras.apiUser)], removeHeader: true } };
  const { receiver } = extras;
  if (receiver === undefined) return;
  const router = {
    rule: `(${hostRule(receiver.hosts)}) && PathPrefix(\`/v1/\`)`,
    priority,
    service: "mypaas-receiver",
    middlewares: ["mypaas-receiver-rate", "mypaas-receiver-hold"],
  };
  routers["mypaas-receiver"] = { ...router, entryPoints: ["websecure"], tls: {} };
  if (receiver.plainHttp) routers["mypaas-receiver-plain"] = { ...router, entryPoints: ["web"] };
  middlewares["mypaas-receiver-rate"] = { rateLimit: RECEIVER_RATE };
  middlewares["mypaas-receiver-hold"] = {
    retry: retryFor(RECEIVER_HOLD_SECONDS) satisfies RetryMiddleware | undefined,
  };
  services["mypaas-receiver"] = loadBalancer([receiver.address], receiver.port);
}

/**
 * Traefik asks the authority whenever it loads a table with a domain that has no certificate, so the domains stand in a table
 * only when they are to be asked for. A router of their own names them: those of the services use whatever certificate
 * Traefik has for the name, and never cause an order.
 */
function addCertificateRoutes({ routers, middlewares }: Parts, { proof, ordered = [] }: RouteFileExtras): void {
  const priority = Priority.server;
  if (proof !== undefined) {
    routers["mypaas-proof"] = {
      rule: `Path(\`${checkedToken(proof.path, /^(\/[\w.-]+)+$/)}\`)`,
      entryPoints: ["web"],
      priority,
      service: "noop@internal",
      middlewares: ["mypaas-proof"],
    };
    middlewares["mypaas-proof"] = {
      headers: { customResponseHeaders: { [PROOF_HEADER]: checkedToken(proof.token, /^[\w-]+$/) } },
    };
  }
  if (ordered.length === 0) return;
  // Throws for what is no domain.
  hostRule(ordered);
  routers["mypaas-order"] = {
    rule: "Host(`order.invalid`)",
    entryPoints: ["websecure"],
    priority,
    service: "noop@internal",
    tls: { certResolver: RESOLVER, domains: ordered.toSorted().map((main) => ({ main })) },
  };
}

function addService({ routers, middlewares, services }: Parts, route: Route, extras: RouteFileExtras): void {
  const name = routeName(route);
  if (name in services) throw new Error(`Two routes of the service ${name}`);
  const retry = route.addresses.length === 0 ? undefined : retryFor(route.holdSeconds);
  const hold = `${name}-hold`;
  const own = serviceRouters(route, retry && hold);
  for (const router of own) {
    routers[router.name] = {
      rule: router.rule,
      priority: router.priority,
      service: router.service,
      ...(router.middlewares.length > 0 && { middlewares: router.middlewares }),
      entryPoints: [router.entryPoint],
      ...(router.tls && { tls: {} }),
    };
  }
  const uses = (middleware: string) => own.some(({ middlewares }) => middlewares.includes(middleware));
  if (retry) middlewares[hold] = { retry };
  services[name] = loadBalancer(route.addresses, route.port, route.returning);
  if (uses(HSTS_MIDDLEWARE)) middlewares[HSTS_MIDDLEWARE] = { headers: HSTS_HEADERS };
  if (uses(REDIRECT_MIDDLEWARE)) {
    const port = String(checkedPort(extras.httpsPort ?? 443));
    middlewares[REDIRECT_MIDDLEWARE] = { plugin: { [REDIRECT_PLUGIN]: { port } } };
  }
}

/** No `healthCheck`: it takes a lone server out, and with it the hold. */
function loadBalancer(addresses: readonly string[], port: number, returning?: Route["returning"]): unknown {
  const urls = addresses.map((address) => serverUrl(address, port));
  if (returning !== undefined) urls.push(serverUrl(returning.address, returning.port));
  const several = urls.length > 1;
  return {
    loadBalancer: {
      ...(several && { strategy: "p2c" }),
      ...(urls.length > 0 && { serversTransport: several ? "many" : "one" }),
      servers: urls.map((url) => ({ url })),
    },
  };
}

function checkedUser(user: string): string {
  if (!/^[\w.-]+:[!-~]+$/.test(user)) throw new Error("The user of Traefik's API is not a line of a password file");
  return user;
}

function checkedToken(text: string, form: RegExp): string {
  if (!form.test(text)) throw new Error(`Not a proof of a name: ${JSON.stringify(text)}`);
  return text;
}

function checkedCertificate(certificate: { readonly certFile: string; readonly keyFile: string }) {
  const { certFile, keyFile } = certificate;
  for (const path of [certFile, keyFile]) {
    if (!/^(\/[\w.-]+)+$/.test(path)) throw new Error(`Not a path of a certificate: ${JSON.stringify(path)}`);
  }
  return { certFile, keyFile };
}

/** None for an empty map, which Traefik refuses. */
function mapLines(name: string, map: Readonly<Record<string, unknown>>): readonly string[] {
  const lines = Object.entries(map).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return lines.length === 0 ? [] : [`  ${name}:`, ...lines];
}
