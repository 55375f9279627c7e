import { assertEquals } from "@std/assert";
import { Probation } from "../../src/daemon/probation.ts";
import { Watch } from "../../src/daemon/watch.ts";
import type { Breaks, ReplicaEvent } from "../../src/deploy/runtime.ts";
import type { Release } from "../../src/deploy/store.ts";
import { waitUntil } from "../../src/wait.ts";
import { SPEC } from "../deploy/bench_server.ts";
import { MemoryRuntime } from "../fakes/memory_runtime.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const SOON = { timeoutMs: 5000, intervalMs: 2 };
const FILES = { Dockerfile: dockerfile("blog", "domain = blog.example") };
const ID = { service: "blog", release: 1, n: 1 };

/** A machine that was away for a while. */
class AbsentMachine extends MemoryRuntime {
  comesBack: () => void = () => {};

  override events(signal: AbortSignal, { onGap = () => {} }: Breaks = {}): AsyncGenerator<ReplicaEvent> {
    this.comesBack = onGap;
    return super.events(signal);
  }
}

Deno.test("what ended while Docker was away, or is gone, is repaired when it answers again", async () => {
  const runtime = new AbsentMachine();
  const repaired: string[] = [];
  const stop = new AbortController();
  const release = (service: string, number: number): Release => ({
    service,
    number,
    status: "live",
    spec: { ...SPEC, name: service },
    env: [],
    origin: { kind: "deploy" },
    image: "",
    imageId: "",
    contentDigest: "",
    places: [{ n: 1, ingressAddress: "10.1.0.16", internalAddress: "10.2.0.16" }],
    step: undefined,
    heldAddress: undefined,
    by: "test",
    createdAt: "",
    endedAt: undefined,
    error: undefined,
  });
  const all = [release("ended", 1), release("gone", 2), release("runs", 3), release("stopped", 4)];
  const live = (service: string) => all.find((one) => one.service === service);
  const watching = new Watch({
    runtime,
    probes: {
      httpStatus: () => Promise.resolve(200),
      listeners: () => Promise.resolve([]),
      oomKills: () => Promise.resolve(0),
    },
    store: { live, allLive: () => all, serviceState: (name) => name === "stopped" ? "stopped" : "running" },
    routes: { setOutage: () => Promise.resolve() },
    repair: (service) => void repaired.push(service),
    onTrouble: () => {},
    now: () => new Date(),
    log: () => {},
  }, stop.signal).run();
  for (const [service, number] of [["ended", 1], ["runs", 3]] as const) {
    const replica = { service, release: number, n: 1 };
    await runtime.create({
      id: replica,
      image: "",
      spec: SPEC,
      env: [],
      ingressAddress: undefined,
      internalAddress: "10.2.0.16",
      named: true,
      labels: {},
    });
    if (service === "runs") await runtime.start(replica);
  }
  runtime.comesBack();
  await waitUntil(() => repaired.includes("gone"), { what: "they are repaired", ...SOON });
  assertEquals([...new Set(repaired)].sort(), ["ended", "gone"]);
  stop.abort();
  await watching;
});

Deno.test("a clock that is put back makes no crash loop of a few crashes, and no longer probation", async () => {
  let now = Date.now();
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  daemon.now = () => new Date(now);
  await daemon.deploy(FILES);
  const { runtime } = daemon.server;
  const before = daemon.server.tables.length;
  for (let crashes = 0; crashes < 3; crashes++) {
    now -= 60 * 60_000;
    runtime.crash(ID);
    now += 30_000;
    runtime.restart(ID);
  }
  await waitUntil(() => daemon.server.serving().length === 1, { what: "it serves again", ...SOON });
  assertEquals(daemon.server.tables.slice(before).flat().filter(({ addresses }) => addresses.length === 0), []);
});

Deno.test("a daemon that starts with a clock that was put back keeps a release on probation no longer than ever", async () => {
  await using daemon = await BenchDaemon.start({ onLive: () => {} });
  await daemon.deploy(FILES);
  const probation = new Probation({
    store: daemon.server.store,
    runtime: daemon.server.runtime,
    redeploy: () => Promise.resolve(undefined),
    now: () => new Date(Date.now() - 365 * 24 * 60 * 60_000),
    log: () => {},
    probationMs: 100,
  }, new AbortController().signal);
  probation.resume();
  assertEquals(await probation.verdict("blog", 1), { kind: "kept" });
});
