import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  checkLeftovers,
  checkRoutes,
  checkState,
  liveDomains,
  type OpenRelease,
  type OwnedFacts,
} from "../../src/doctor/state.ts";
import { objectNames } from "../../src/service/names.ts";
import { readBackRouter, renderRouteFile } from "../../src/traefik/route_file.ts";

const SITES = [{ domain: "blog.example", path: "/", https: true }, {
  domain: "blog.example",
  path: "/a",
  https: false,
}];
const LIVE: OpenRelease = {
  service: "blog",
  release: 7,
  status: "live",
  spec: { sites: SITES },
  addresses: ["172.21.0.16"],
};
const ROUTE = { service: "blog", sites: SITES, hsts: false, port: 80, addresses: ["172.21.0.16"], holdSeconds: 15 };
const TEXT = renderRouteFile([ROUTE], { generation: 5, apiUser: "mypaas:hash" });

function routes(
  { text = TEXT, loaded = readBackRouter(5).rule, releases = [LIVE], resting = [] }: {
    readonly text?: string | undefined;
    readonly loaded?: string;
    readonly releases?: readonly OpenRelease[];
    readonly resting?: readonly string[];
  },
): readonly string[] {
  return checkRoutes({ path: "/routes.yml", text, loaded, state: { releases, resting }, restart: "restart" })
    .map(({ message }) => message);
}

Deno.test("checkRoutes() is silent about what the daemon writes, and a stopped service without a route", () => {
  assertEquals(routes({}), []);
  const other = { ...LIVE, service: "shop" };
  assertEquals(routes({ releases: [LIVE, other], resting: ["shop"] }), []);
});

Deno.test("checkRoutes() names a file that somebody changed", () => {
  assertEquals(routes({ text: TEXT.replace("172.21.0.16", "192.0.2.9") }), [
    '"/routes.yml" leads "blog" to 192.0.2.9, where it has no container',
  ]);
  assertEquals(routes({ releases: [LIVE, { ...LIVE, service: "shop" }] }), ['"/routes.yml" has no route of "shop"']);
  assertEquals(routes({ releases: [] }), ['"/routes.yml" has a route of "blog", which is no service of this server']);
  assertEquals(routes({ text: "http: {" }), ['"/routes.yml" is not a table of routes']);
});

Deno.test("checkRoutes() names a Traefik that goes by other routes", () => {
  assertEquals(routes({ loaded: readBackRouter(4).rule }), ['Traefik does not go by "/routes.yml" as it is']);
});

Deno.test("checkRoutes() knows the addresses of a release on its way", () => {
  const text = TEXT.replace("172.21.0.16", "172.21.0.17");
  const next: OpenRelease = { ...LIVE, release: 8, status: "pending", addresses: ["172.21.0.17"] };
  assertEquals(routes({ text, releases: [LIVE, next] }), []);
});

Deno.test("checkState() names damage by the first of SQLite's lines", () => {
  assertEquals(checkState({ faults: [] }, "/s"), []);
  const [finding] = checkState({ faults: ["row 3 missing from index", "more"] }, "/s");
  assertEquals(finding?.message, 'The state "/s" is damaged: row 3 missing from index');
});

const NAMES = objectNames("");
const OWN: OwnedFacts["containers"] = [
  { name: "mypaas-traefik", part: "traefik", service: undefined, release: undefined },
  { name: "blog.7.1", part: "replica", service: "blog", release: 7 },
  { name: "blog.7.run-1", part: "one-off", service: "blog", release: 7 },
];

function leftovers(
  more: OwnedFacts["containers"][number] | undefined,
  networks: readonly string[] = [],
): readonly string[] {
  return checkLeftovers({
    containers: more === undefined ? OWN : [...OWN, more],
    networks: [...Object.values(NAMES.networks), "mypaas-svc-blog", ...networks],
    state: { releases: [LIVE] },
    names: NAMES,
  }).map(({ message, fix }) => `${message} | ${fix}`);
}

Deno.test("checkLeftovers() is silent about parts, live replicas, commands that run and networks in use", () => {
  assertEquals(leftovers(undefined), []);
});

Deno.test("checkLeftovers() names replicas of a release that is over, and what carries our label by accident", () => {
  assertEquals(leftovers({ name: "blog.3.1", part: "replica", service: "blog", release: 3 }), [
    'The container "blog.3.1" has this server\'s label and is no part of it: release 3 of "blog" is not live | docker rm -f blog.3.1',
  ]);
  const [stray = ""] = leftovers({
    name: "jolly_fox",
    part: undefined,
    service: "blog",
    release: 7,
  });
  assertStringIncludes(stray, '"jolly_fox"');
  assertEquals(leftovers(undefined, ["mypaas-svc-shop"]), [
    'The network "mypaas-svc-shop" has this server\'s label and is used by no service | docker network rm mypaas-svc-shop',
  ]);
});

Deno.test("liveDomains() gives each domain once, https when one of its sites has it", () => {
  assertEquals(liveDomains({ releases: [LIVE, { ...LIVE, release: 8, status: "pending" }] }), [
    { domain: "blog.example", service: "blog", https: true },
  ]);
});
