import { assertEquals } from "@std/assert";
import { Label } from "../../src/service/names.ts";
import { DEFAULT_TRAEFIK_IMAGE } from "../../src/setup/settings.ts";
import { waitUntil } from "../../src/wait.ts";
import { containersOf, startDetached, stopContainer } from "./engine.ts";
import { freePorts } from "./free_ports.ts";
import { succeeded, TestServer } from "./lab.ts";
import type { AppProject } from "./project.ts";
import { type Door, type Page, visit } from "./visitor.ts";

// Nobody is locked in: Traefik as it comes, with nothing but its Docker provider, reads the labels of the containers that
// MyPaas made and serves the same sites from them. What a label cannot say, and MyPaas's route file does:
// - The hold of a deploy. A label never changes, so its retry is that of the normal hold (15 s); and the Docker provider
//   takes the route away with the last running container, so what waits in MyPaas's Traefik gets 404 from a stock one.
// - The moment of the cutover: each container is sent to from its start to its end, draining or not, and ready or not
//   unless its image has a HEALTHCHECK.
// - The times of the connections to the containers (serversTransport): 3 s or 500 ms to connect, idle ones closed after 1 s.
// - A route without retry for a service that is known to be down.
// - The https port of redirects where it is not 443, and the certificate for names that have none of their own.
// - The receiver (/v1/) is no service: a push goes to MyPaas's Traefik.

const PROJECTS: readonly AppProject[] = [
  { name: "plain", options: { domain: "plain.test", scale: 3 }, app: { TEXT: "plain {path}" } },
  { name: "part", options: { url: "http://plain.test/a", port: 8080 }, app: { TEXT: "part {path}", PORT: "8080" } },
  { name: "secure", options: { domain: "secure.test", https: "true", hsts: "true" }, app: { TEXT: "secure {path}" } },
  {
    name: "mixed",
    options: { url: ["https://mixed.test/in", "http://mixed.test"], scale: 2 },
    app: { TEXT: "mixed {path}" },
  },
  { name: "umlaut", options: { domain: ["bücher.test", "umlaut.test"] }, app: { TEXT: "Bücher" } },
  // On three networks, of which Traefik reaches one.
  { name: "walled", options: { domain: "walled.test", isolated: "plain" }, app: { TEXT: "walled" } },
];

const NOT_FOUND = { status: 404, text: "404 page not found\n" };
/** 308 from MyPaas's, 301 from one that has but its own middlewares. */
const REDIRECT = 308;
const HSTS = "max-age=31536000";

/** What visitors get, from either Traefik. */
const PAGES: Readonly<Record<string, Page>> = {
  "http://plain.test/": { status: 200, text: "plain /" },
  "http://plain.test/a": { status: 200, text: "part /a" },
  "http://plain.test/a/b?c": { status: 200, text: "part /a/b" },
  "http://plain.test/ab": { status: 200, text: "plain /ab" },
  "https://plain.test/": NOT_FOUND,
  "https://secure.test/x": { status: 200, hsts: HSTS, text: "secure /x" },
  "http://secure.test/x?y": { status: REDIRECT, location: "https://secure.test/x?y", text: "" },
  "https://mixed.test/in/1": { status: 200, text: "mixed /in/1" },
  "http://mixed.test/in/1": { status: REDIRECT, location: "https://mixed.test/in/1", text: "" },
  "http://mixed.test/out": { status: 200, text: "mixed /out" },
  "https://mixed.test/out": NOT_FOUND,
  "http://xn--bcher-kva.test/": { status: 200, text: "Bücher" },
  "http://umlaut.test/": { status: 200, text: "Bücher" },
  "http://walled.test/": { status: 200, text: "walled" },
  "http://nobody.test/": NOT_FOUND,
};

/** The pages as one Traefik gives them; without what of a redirect only MyPaas's knows: the port, and that 308 is for all. */
async function pagesOf(door: Door): Promise<Record<string, Page>> {
  const pages = Object.keys(PAGES).map(async (url) => {
    const { location, ...page } = await visit(door, url);
    if (location === undefined) return [url, page];
    const status = page.status === 301 ? REDIRECT : page.status;
    return [url, { status, location: location.replace(`:${door.httpsPort}/`, "/"), text: "" }];
  });
  return Object.fromEntries(await Promise.all(pages));
}

/** The host names of the containers that answer, until there are so many. */
async function answering(door: Door, url: string, count: number): Promise<readonly string[]> {
  const hosts = new Set<string>();
  await waitUntil(async () => hosts.add((await visit(door, url)).text).size === count, {
    what: `${count} containers answer ${url}`,
    timeoutMs: 10_000,
  });
  return [...hosts].sort();
}

Deno.test("a stock Traefik serves the same pages from the same containers, also when MyPaas's Traefik and daemon are gone", async () => {
  await using server = await TestServer.start();
  for (const ran of await Promise.all(PROJECTS.map((project) => server.deploy(project)))) succeeded(ran);
  const [httpPort, httpsPort] = freePorts();
  await using _container = await startDetached({
    image: DEFAULT_TRAEFIK_IMAGE,
    command: [
      "--entrypoints.web.address=:80",
      "--entrypoints.websecure.address=:443",
      "--providers.docker=true",
      "--providers.docker.exposedbydefault=false",
      // Other tests' servers are on this machine; without it a stock Traefik serves all of them.
      `--providers.docker.constraints=Label(\`${Label.instance}\`,\`${server.serverId}\`)`,
    ],
    // So that it goes with the server when this test is killed.
    labels: { [Label.instance]: server.serverId },
    binds: ["/var/run/docker.sock:/var/run/docker.sock:ro"],
    network: server.names.networks.ingress,
    ports: { 80: httpPort, 443: httpsPort },
  });
  const stock = { httpPort, httpsPort };
  await waitUntil(async () => (await visit(stock, "http://plain.test/").catch(() => undefined))?.status === 200, {
    what: "the stock Traefik serves",
    timeoutMs: 20_000,
  });

  assertEquals(await pagesOf(server), PAGES);
  assertEquals(await pagesOf(stock), PAGES);
  const replicas = (await containersOf(server.serverId, "plain")).map(({ Id }) => Id.slice(0, 12)).sort();
  assertEquals(await answering(server, "http://plain.test/host", 3), replicas);
  assertEquals(await answering(stock, "http://plain.test/host", 3), replicas);

  await Promise.all([stopContainer(server.names.traefik), server.endDaemon("SIGTERM")]);
  assertEquals(await visit(server, "http://plain.test/").catch(() => "nobody listens"), "nobody listens");
  assertEquals(await pagesOf(stock), PAGES);
  assertEquals(await answering(stock, "http://plain.test/host", 3), replicas);
});
