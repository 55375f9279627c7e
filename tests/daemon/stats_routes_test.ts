import { assertEquals } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { parseStats } from "../../src/wire/stats.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 2", "maxmem = 64m") };
const SHOP = { Dockerfile: dockerfile("shop", "domain = shop.example") };
const DB = { Dockerfile: dockerfile("db") };
const NONE = { total: 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };

/** A daemon with three services, of which `blog` runs and had requests. */
async function daemonWithLoad(): Promise<BenchDaemon> {
  const daemon = await BenchDaemon.start();
  for (const files of [BLOG, SHOP, DB]) await daemon.deploy(files);
  const use = { at: Date.parse("2026-11-22T10:00:00.5Z"), cpuSeconds: 1.5, memoryBytes: 1000 };
  daemon.load.running = [
    { id: { service: "blog", release: 1, n: 10 }, use: undefined },
    { id: { service: "blog", release: 1, n: 2 }, use },
  ];
  const counts = { ...NONE, total: 9, "2xx": 9 };
  daemon.load.counted = () => ({
    startedAt: 1000.5,
    services: new Map([["blog", counts], ["mypaas-receiver", counts]]),
  });
  return daemon;
}

Deno.test("GET /v1/stats tells counters, a service without requests as 0, and one without site as none", async () => {
  await using daemon = await daemonWithLoad();
  const { text, proved } = await daemon.ask(await daemon.laptop(), "GET /v1/stats");
  const { services, countedSince, countsError } = parseStats(JSON.parse(text));
  assertEquals([proved, countedSince, countsError], [true, "1970-01-01T00:16:40.500Z", undefined]);
  assertEquals(services, [
    {
      service: "blog",
      scale: 2,
      memoryLimitBytes: 64 * 2 ** 20,
      replicas: [
        { name: "blog.1.2", use: { time: "2026-11-22T10:00:00.500Z", cpuSeconds: 1.5, memoryBytes: 1000 } },
        { name: "blog.1.10", use: undefined },
      ],
      requests: { ...NONE, total: 9, "2xx": 9 },
    },
    { service: "db", scale: 0, memoryLimitBytes: undefined, replicas: [], requests: undefined },
    { service: "shop", scale: 0, memoryLimitBytes: undefined, replicas: [], requests: NONE },
  ]);
});

Deno.test("GET /v1/stats leaves out what is not in the scope of the key, or was not asked for", async () => {
  await using daemon = await daemonWithLoad();
  const ask = async (scope: readonly string[], query: string) => {
    const { status, text } = await daemon.ask(await daemon.laptop({ scope }), `GET /v1/stats${query}`);
    if (status !== 200) return JSON.parse(text).error.message;
    return parseStats(JSON.parse(text)).services.map(({ service }) => service);
  };
  assertEquals(await ask(["shop", "none"], ""), ["shop"]);
  assertEquals(await ask(["*"], "?service=shop&service=blog"), ["blog", "shop"]);
  const unknown = (name: string) => `Cannot show the load of "${name}": there is no such service`;
  assertEquals(await ask(["*"], "?service=shop&service=none"), unknown("none"));
  assertEquals(await ask(["shop"], "?service=blog"), unknown("blog"));
});

Deno.test("GET /v1/stats tells CPU and memory although Traefik is away, and why requests are missing", async () => {
  await using daemon = await daemonWithLoad();
  daemon.load.counted = () => {
    throw new MyPaasError("Cannot count requests: Traefik does not answer");
  };
  const { text } = await daemon.ask(await daemon.laptop(), "GET /v1/stats?service=blog");
  const { services: [blog], countedSince, countsError } = parseStats(JSON.parse(text));
  assertEquals([countedSince, countsError], [undefined, "Cannot count requests: Traefik does not answer"]);
  assertEquals([blog?.requests, blog?.replicas.length], [undefined, 2]);
});
