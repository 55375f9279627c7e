import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { containersOf } from "./engine.ts";
import { sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

/** Reads the first of these files that there is in the container: control groups of version 1 or 2. */
async function controlFile(host: string, ...files: string[]): Promise<string> {
  for (const file of files) {
    const { status, text } = await server().get(host, `/read?file=/sys/fs/cgroup/${file}`);
    if (status === 200) return text.trim();
  }
  throw new Error(`none of ${files.join(", ")}`);
}

/** The sentence of a failure and its hint. */
function failure(stderr: string): string {
  return stderr.split("\n").filter((line) => /^(error|hint):/.test(line)).join("\n");
}

Deno.test("maxmem is the memory limit of the container's control group", async () => {
  succeeded(await server().push({ name: "small", options: { domain: "small.test", maxmem: "64m" } }));
  assertEquals(await controlFile("small.test", "memory/memory.limit_in_bytes", "memory.max"), String(64 * 2 ** 20));
});

Deno.test("a release that takes more than maxmem fails with the cause, and the old one answers all along", async () => {
  const big = (megabytes: number) => ({
    name: "big",
    options: { domain: "big.test", maxmem: "64m", "start-timeout": "10s" },
    app: { TEXT: `${megabytes} MB`, ALLOC: String(megabytes) },
  });
  succeeded(await server().push(big(20)));
  const load = server().load("big.test", 20);
  const ran = await server().push(big(200));
  assertEquals(ran.code, 5, ran.stderr);
  assertMatch(
    failure(ran.stderr),
    /^error: Cannot bring up big\.2\.1: it was killed after \d+\.\d s because it ran out of memory; mypaas\.maxmem is 64m$/m,
  );
  assertStringIncludes(failure(ran.stderr), '"# mypaas.maxmem = 128m"');
  const { failures, bodies, sent } = await load.stop();
  assertEquals(failures, {});
  assertEquals(bodies, { "20 MB": sent });
});

Deno.test("maxcpu is the CPU quota of the container's control group", async () => {
  succeeded(await server().push({ name: "slow", options: { domain: "slow.test", maxcpu: "0.5" } }));
  const [quota = "", period = ""] = (await controlFile("slow.test", "cpu/cpu.cfs_quota_us", "cpu.max")).split(" ");
  const length = period === "" ? await controlFile("slow.test", "cpu/cpu.cfs_period_us") : period;
  assertEquals(Number(quota) / Number(length), 0.5);
});

Deno.test("more CPUs than the server has are refused in a sentence, and the old release answers", async () => {
  const cpus = (maxcpu: string) => ({ name: "many", options: { domain: "many.test", maxcpu }, app: { TEXT: maxcpu } });
  succeeded(await server().push(cpus("1")));
  const ran = await server().push(cpus("9999"));
  assertEquals(ran.code === 0, false);
  assertMatch(failure(ran.stderr), /only \d+ CPUs available/);
  assertEquals((await server().get("many.test")).text, "1");
});

for (const scale of [0, 2]) {
  const name = `healthy${scale}`;
  Deno.test(`with scale ${scale}, a release is live only when its health path answers 2xx`, async () => {
    const project = (text: string, healthy: string) => ({
      name,
      options: { domain: `${name}.test`, scale, healthcheck: "/health 200ms 1s", "start-timeout": "6s" },
      app: { TEXT: text, HEALTHY: healthy },
    });
    succeeded(await server().push(project("old", "0s")));
    const load = server().load(`${name}.test`, 20);
    const started = performance.now();
    succeeded(await server().push(project("new", "2s")));
    assertEquals(performance.now() - started > 2000, true, "it waited for the health path");
    assertEquals((await server().get(`${name}.test`, "/health")).status, 200);

    const ran = await server().push(project("sick", "1h"));
    assertEquals(ran.code, 5, ran.stderr);
    assertMatch(
      failure(ran.stderr),
      /its health check \/health did not answer 2xx or 3xx within 6 s, but 503/,
    );
    const { failures, bodies } = await load.stop();
    assertEquals(failures, {});
    // With scale 0 requests are bound to the new container before it runs, and it may answer them once it listens.
    if (scale > 0) assertEquals(Object.keys(bodies).sort(), ["new", "old"], "nobody was led to a sick container");
    assertEquals((await server().get(`${name}.test`)).text, "new");
    await waitUntil(async () => (await containersOf(server().serverId, name)).length === Math.max(1, scale), {
      what: "nothing of the failed release is left",
      timeoutMs: 20_000,
    });
  });
}

Deno.test("a health path is asked of a service without a domain too", async () => {
  const project = (healthy: string) => ({
    name: "inner",
    options: { healthcheck: "/health 200ms 1s", "start-timeout": "2s" },
    app: { HEALTHY: healthy },
  });
  succeeded(await server().push(project("0s")));
  const ran = await server().push(project("1h"));
  assertEquals(ran.code, 5, ran.stderr);
  assertMatch(failure(ran.stderr), /its health check \/health did not answer 2xx or 3xx within 2 s, but 503/);
});

Deno.test("a HEALTHCHECK of the image and a health path are wanted both", async () => {
  const check = (command: string) => [`HEALTHCHECK --interval=1s CMD ${command}`];
  const project = (instructions: readonly string[]) => ({
    name: "twice",
    from: "busybox:latest",
    options: { domain: "twice.test", healthcheck: "/health", "start-timeout": "4s" },
    instructions,
  });
  succeeded(await server().push(project(check("true"))));
  const ran = await server().push(project(check("echo it is sick; false")));
  assertEquals(ran.code, 5, ran.stderr);
  assertMatch(failure(ran.stderr), /its health check did not succeed within 4 s: "it is sick"$/m);
});

Deno.test("buildarg reaches the build, also the image to build on", async () => {
  succeeded(
    await server().push({
      name: "argued",
      head: ["ARG BASE"],
      from: "$BASE",
      options: { domain: "argued.test", buildarg: ["BASE=busybox:latest", "WORD=two words"] },
      instructions: ["ARG WORD", "RUN echo -n $WORD > /word"],
    }),
  );
  assertEquals((await server().get("argued.test", "/read?file=/word")).text, "two words");
});
