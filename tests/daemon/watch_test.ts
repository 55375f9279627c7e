import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Watch } from "../../src/daemon/watch.ts";
import { waitUntil } from "../../src/wait.ts";
import type { ReplicaEvent, ReplicaState } from "../../src/deploy/runtime.ts";
import { MemoryRuntime } from "../fakes/memory_runtime.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const SOON = { timeoutMs: 5000, intervalMs: 2 };

function files(...options: readonly string[]) {
  return { Dockerfile: dockerfile("blog", "domain = blog.example", ...options) };
}

function id(release: number, n = 1) {
  return { service: "blog", release, n };
}

/** Waits until the service's requests go to so many addresses. */
async function routed(daemon: BenchDaemon, count: number): Promise<readonly string[]> {
  const { server } = daemon;
  await waitUntil(() => server.routedTo().length === count, { what: `${count} addresses are routed`, ...SOON });
  return server.routedTo();
}

Deno.test("a replica that ends gets no request until it is ready again", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files("scale = 3"));
  const all = daemon.server.routedTo();
  daemon.server.runtime.crash(id(1, 2));
  assertEquals(await routed(daemon, 2), all.filter((_, index) => index !== 1));
  daemon.server.runtime.restart(id(1, 2));
  assertEquals(await routed(daemon, 3), all);
});

Deno.test("the last replica that ends keeps its route, so that requests wait for it", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files());
  const [before] = daemon.server.tables.slice(-1);
  daemon.server.runtime.crash(id(1));
  daemon.server.runtime.restart(id(1));
  await waitUntil(() => daemon.server.serving().length === 1, { what: "it serves again", ...SOON });
  assertEquals(daemon.server.tables.at(-1), before);
});

Deno.test("a service in a crash loop answers 503 at once, and is routed again when it is ready", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(files());
  const { runtime, tables } = daemon.server;
  runtime.behaviours.set(1, "never-ready");
  for (let crashes = 0; crashes < 3; crashes++) {
    runtime.crash(id(1));
    runtime.restart(id(1));
  }
  await routed(daemon, 0);
  assertEquals(tables.at(-1)?.[0]?.holdSeconds, 0);
  runtime.behaviours.clear();
  await routed(daemon, 1);
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
  assertEquals(tables.at(-1)?.[0]?.holdSeconds, 0, "nobody waits for one that will end again");
  const later = Date.now() + 10_000;
  daemon.now = () => new Date(later);
  await waitUntil(() => tables.at(-1)?.[0]?.holdSeconds === 15, { what: "requests wait for it again", ...SOON });
});

Deno.test("what replaces a service in a crash loop is waited for", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(files());
  const { runtime, tables } = daemon.server;
  for (let crashes = 0; crashes < 3; crashes++) {
    runtime.crash(id(1));
    runtime.restart(id(1));
  }
  await waitUntil(() => tables.at(-1)?.[0]?.holdSeconds === 0, { what: "nobody waits", ...SOON });
  const before = tables.length;
  await daemon.deploy(files("port = 8080"));
  await daemon.settled();
  const holds = tables.slice(before).flatMap((table) => table.map(({ holdSeconds }) => holdSeconds));
  assert(holds.length > 0 && holds.every((seconds) => seconds >= 15), holds.join(", "));
});

Deno.test("a replica that somebody killed, so that Docker leaves it, is started again", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(files("scale = 2"));
  const { runtime } = daemon.server;
  const state = runtime.replicas.get("blog.1.1");
  assert(state !== undefined);
  runtime.crash(id(1));
  runtime.replicas.set("blog.1.1", { ...state, status: "exited", pid: 0 });
  await waitUntil(() => runtime.replicas.get("blog.1.1")?.status === "running", { what: "it runs again", ...SOON });
  await routed(daemon, 2);
});

Deno.test("a deploy that stops the old replica is no trouble", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files());
  await daemon.deploy(files("port = 8080"));
  await daemon.settled();
  assertEquals(daemon.server.runtime.calls.filter((call) => call.startsWith("start ")), [
    "start blog.1.1",
    "start blog.2.1",
  ]);
  assertEquals(daemon.server.serving(), ["blog.2.1"]);
});

Deno.test("a replica that deploys stop, one after another, is in no crash loop", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(files());
  const { runtime, tables } = daemon.server;
  for (let stops = 0; stops < 4; stops++) {
    await runtime.setRestart(id(1), false);
    runtime.crash(id(1));
    await routed(daemon, 1);
    runtime.restart(id(1));
    await runtime.setRestart(id(1), true);
  }
  await waitUntil(() => daemon.server.serving().length === 1, { what: "it serves again", ...SOON });
  assertEquals(tables.flat().filter(({ holdSeconds }) => holdSeconds === 0), []);
});

Deno.test("a release whose container ends twice in its first minute is taken back by itself", async () => {
  await using daemon = await BenchDaemon.start({});
  await daemon.deploy(files());
  await daemon.deploy(files("port = 8080"));
  const verdict = daemon.parts.probation.verdict("blog", 2);
  const { runtime, store } = daemon.server;
  runtime.crash(id(2), { exitCode: 3 });
  runtime.restart(id(2));
  runtime.crash(id(2), { exitCode: 3 });
  const because = "blog.2.1 ended twice, the last time with exit code 3";
  assertEquals(await verdict, { kind: "taken-back", because, by: 3 });
  const [live, back] = store.releases("blog", 9);
  assertEquals([live?.origin, live?.by, live?.spec.port], [{ kind: "rollback", of: 1, because }, "mypaas", 80]);
  assertEquals([back?.status, back?.error], ["retired", because]);
  assertEquals(await daemon.parts.probation.verdict("blog", 2), { kind: "taken-back", because, by: 3 });
  await daemon.settled();
});

Deno.test("a release that stays unhealthy in its first minute is taken back, one that recovers is kept", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files("scale = 1"));
  await daemon.deploy(files("scale = 1", "port = 8080"));
  const { runtime, store } = daemon.server;
  const first = daemon.parts.probation.verdict("blog", 2);
  runtime.becomes(id(2), "unhealthy");
  runtime.becomes(id(2), "healthy");
  assertEquals(await first, { kind: "kept" });
  await daemon.deploy(files("scale = 1", "port = 8081"));
  const second = daemon.parts.probation.verdict("blog", 3);
  runtime.becomes(id(3), "unhealthy");
  const verdict = await second;
  assertEquals(verdict.kind === "taken-back" && verdict.because, "blog.3.1 is unhealthy");
  assertEquals(store.live("blog")?.spec.port, 8080);
  await daemon.settled();
});

Deno.test("what was taken back to is not taken back again, and a first release has nothing before it", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files());
  const { runtime, store } = daemon.server;
  const crashTwice = (release: number) => {
    for (let crashes = 0; crashes < 2; crashes++) {
      runtime.crash(id(release));
      runtime.restart(id(release));
    }
  };
  const first = daemon.parts.probation.verdict("blog", 1);
  crashTwice(1);
  const verdict = await first;
  assertEquals(verdict.kind === "taken-back" && verdict.by, undefined);
  assertEquals(store.live("blog")?.number, 1);
  await daemon.deploy(files("port = 8080"));
  const second = daemon.parts.probation.verdict("blog", 2);
  crashTwice(2);
  await second;
  crashTwice(3);
  assertEquals((await daemon.parts.probation.verdict("blog", 3)).kind, "kept");
  assertEquals(store.live("blog")?.number, 3);
  await daemon.settled();
});

Deno.test("probation ends well after its time, and when another release comes it says so", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files());
  const replaced = daemon.parts.probation.verdict("blog", 1);
  await daemon.deploy(files("port = 8080"));
  assertEquals([await replaced, await daemon.parts.probation.verdict("blog", 2)], [{ kind: "replaced" }, {
    kind: "kept",
  }]);
});

Deno.test("a killed replica is started again also while Traefik does not confirm its route", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(files("scale = 2"));
  const { runtime } = daemon.server;
  const state = runtime.replicas.get("blog.1.1");
  assert(state !== undefined);
  let refused = 0;
  runtime.beforeCall = (call) => {
    if (call === "write the routes" && refused++ === 0) throw new Error("Traefik does not confirm");
  };
  runtime.crash(id(1));
  runtime.replicas.set("blog.1.1", { ...state, status: "exited", pid: 0 });
  await waitUntil(() => runtime.replicas.get("blog.1.1")?.status === "running", { what: "it runs again", ...SOON });
  assertStringIncludes(daemon.logged.join("\n"), "watch: the route of blog: Traefik does not confirm");
  await routed(daemon, 2);
});

Deno.test("a crash long after a crash loop is waited for again", async () => {
  let now = Date.now();
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  daemon.now = () => new Date(now);
  await daemon.deploy(files());
  const { runtime } = daemon.server;
  runtime.behaviours.set(1, "never-ready");
  for (let crashes = 0; crashes < 3; crashes++) {
    runtime.crash(id(1));
    runtime.restart(id(1));
  }
  await routed(daemon, 0);
  runtime.behaviours.clear();
  await routed(daemon, 1);
  now += 60_000;
  runtime.behaviours.set(1, "never-ready");
  const before = daemon.server.tables.length;
  runtime.crash(id(1));
  runtime.restart(id(1));
  await waitUntil(() => runtime.replicas.get("blog.1.1")?.restartCount === 4, { what: "it started again", ...SOON });
  runtime.behaviours.clear();
  await waitUntil(() => daemon.server.serving().length === 1, { what: "it serves again", ...SOON });
  assertEquals(daemon.server.tables.slice(before).flat().filter(({ addresses }) => addresses.length === 0), []);
});

Deno.test("a release that cannot be taken back, because the image before it is gone, says so to who waits", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(files());
  await daemon.deploy(files("port = 8080"));
  daemon.images.images.delete("blog:1");
  const verdict = daemon.parts.probation.verdict("blog", 2);
  const { runtime } = daemon.server;
  for (let crashes = 0; crashes < 2; crashes++) {
    runtime.crash(id(2));
    runtime.restart(id(2));
  }
  const because = "blog.2.1 ended twice, the last time with exit code 1";
  assertEquals(await verdict, { kind: "taken-back", because, by: undefined });
  assertStringIncludes(daemon.logged.join("\n"), 'release 1 could not be brought back: Cannot use release 1 of "blog"');
});

/** A machine that has just come back, and does not answer yet. */
class DeafMachine extends MemoryRuntime {
  override events(signal: AbortSignal, onGap?: () => void): AsyncGenerator<ReplicaEvent> {
    onGap?.();
    return super.events(signal);
  }

  override list(): Promise<readonly ReplicaState[]> {
    return Promise.reject(new Error("no answer"));
  }
}

Deno.test("a look at all containers that fails ends neither the watch nor the daemon", async () => {
  const logged: string[] = [];
  const stop = new AbortController();
  const watch = new Watch({
    runtime: new DeafMachine(),
    probes: {
      httpStatus: () => Promise.resolve(200),
      listeners: () => Promise.resolve([]),
      oomKills: () => Promise.resolve(0),
    },
    store: { live: () => undefined, serviceState: () => "running" },
    routes: { setOutage: () => Promise.resolve() },
    repair: () => {},
    onTrouble: () => {},
    now: () => new Date(),
    log: (line) => void logged.push(line),
  }, stop.signal);
  const watching = watch.run();
  await waitUntil(() => logged.length > 0, { what: "the failure is told", ...SOON });
  assertEquals(logged, ["watch: the containers: no answer"]);
  stop.abort();
  await watching;
});
