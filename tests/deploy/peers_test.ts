import { assertEquals, assertRejects } from "@std/assert";
import { reconcileService } from "../../src/deploy/reconcile.ts";
import { NotReadyError } from "../../src/error.ts";
import { peersOf } from "../../src/deploy/peers.ts";
import { planDeploy } from "../../src/deploy/plan.ts";
import { describeStep } from "../../src/deploy/step.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { BenchServer, SPEC } from "./bench_server.ts";

type Peers = ServiceSpec["peers"];

/** The plan of a deploy that changes who reaches a service without a domain by its name, without its build. */
function plan(scale: number, next: Peers, old?: { readonly peers: Peers }): readonly string[] {
  const release = (number: number, peers: Peers) => ({
    service: "db",
    number,
    spec: { ...SPEC, name: "db", sites: [], scale, peers },
    places: [],
  });
  return planDeploy(release(8, next), old && release(7, old.peers)).map(describeStep).slice(1);
}

Deno.test("planDeploy() isolates a service before its containers are made, and not again when its peers stay", () => {
  assertEquals(plan(1, ["web", "worker"]).slice(0, 2), ["isolate db from all but web, worker", "create db.8.1"]);
  assertEquals(plan(0, [])[0], "isolate db from all");
  assertEquals(plan(0, ["web"], { peers: ["web"] }).filter((step) => step.includes("isol")), []);
  assertEquals(plan(1, undefined, { peers: undefined }).filter((step) => step.includes("isol")), []);
});

Deno.test("planDeploy() lets the old peers reach the service until the commit, and no longer", () => {
  assertEquals(plan(1, ["worker"], { peers: ["web"] }), [
    "isolate db from all but web, worker",
    "create db.8.1",
    "start db.8.1",
    "await-ready db.8.1",
    "name db.8.1",
    "commit 8",
    "isolate db from all but worker",
    "unname db.7.1",
    "drain db.7.1",
    "stop db.7.1",
    "remove db.7.1",
  ]);
  assertEquals(plan(0, [], { peers: ["web"] }), [
    "create db.8.1",
    "drain db.7.1",
    "stop db.7.1",
    "start db.8.1",
    "await-ready db.8.1",
    "commit 8",
    "isolate db from all",
    "remove db.7.1",
  ]);
});

Deno.test("planDeploy() ends an isolation when the old containers, which its peers talk to, are gone", () => {
  assertEquals(plan(2, undefined, { peers: ["web"] }).slice(-2), [
    "remove db.7.1, db.7.2",
    "end the isolation of db",
  ]);
  assertEquals(plan(0, undefined, { peers: [] }).slice(-2), ["remove db.7.1", "end the isolation of db"]);
});

const DB = { name: "db", sites: [] };

/** Who reaches `db` by its name as far as it is isolated, and what the state says. */
function reach(server: BenchServer) {
  const replicas = [...server.runtime.replicas.values()];
  return {
    peers: server.runtime.peers.get("db"),
    reaching: replicas.filter(({ reaches }) => reaches.includes("db")).map(({ id }) => id.service).sort(),
  };
}

/** Whether the machine is as the live release of `db` wants it. */
function assertAsStated(server: BenchServer, message?: string) {
  const peers = server.store.live("db")?.spec.peers;
  const deployed = [...server.runtime.replicas.values()].map(({ id }) => id.service);
  const wanted = { peers, reaching: deployed.filter((service) => peers?.includes(service)).sort() };
  assertEquals(reach(server), wanted, message);
}

for (const scale of [0, 2]) {
  Deno.test(`rollOut() lets running and new replicas of peers reach an isolated service, and no others, scale ${scale}`, async () => {
    using server = new BenchServer();
    await server.deploy({ name: "web", scale });
    await server.deploy({ name: "other" });
    await server.deploy({ ...DB, scale, peers: ["late", "web"] });
    assertEquals(reach(server), { peers: ["late", "web"], reaching: Array(Math.max(1, scale)).fill("web") });
    server.runtime.calls.length = 0;
    await server.deploy({ name: "web", scale });
    assertEquals(reach(server).reaching, Array(Math.max(1, scale)).fill("web"));
    const calls = server.runtime.calls;
    assertEquals(calls.indexOf("set the peers of db: late, web") < calls.indexOf("start web.2.1"), true);
    await server.deploy({ name: "late" });
    assertEquals(reach(server).reaching.includes("late"), true);

    await server.deploy({ ...DB, scale, peers: ["other"] });
    assertEquals(reach(server), { peers: ["other"], reaching: ["other"] });
    await server.deploy({ ...DB, scale });
    assertEquals(reach(server), { peers: undefined, reaching: [] });
  });

  Deno.test(`rollOut() gives back what it let reach a service that fails to become isolated otherwise, scale ${scale}`, async () => {
    using server = new BenchServer();
    for (const name of ["web", "other"]) await server.deploy({ name });
    const fails = async (peers: Peers) => {
      const number = (server.store.releases("db", 1)[0]?.number ?? 0) + 1;
      server.runtime.behaviours.set(number, "exits");
      await assertRejects(() => server.deploy({ ...DB, scale, peers }), NotReadyError);
      assertAsStated(server);
    };
    await server.deploy({ ...DB, scale });
    server.runtime.calls.length = 0;
    await fails(["web"]);
    assertEquals(server.runtime.calls.filter((call) => call.startsWith("set")), [
      "set the peers of db: web",
      "set the peers of db: all",
    ]);
    server.runtime.behaviours.clear();
    await server.deploy({ ...DB, scale, peers: ["web"] });
    await fails(["other"]);
    await fails(undefined);
    await fails([]);
  });
}

Deno.test("peersOf() counts a deploy that is under way, not one that waits", () => {
  using server = new BenchServer();
  const accept = (peers: Peers) => {
    const spec = { ...SPEC, ...DB, peers };
    return server.store.createRelease({ spec, env: [], contentDigest: "", by: "test", at: "" }).number;
  };
  const first = accept(["web"]);
  assertEquals(peersOf(server.store, "db"), undefined);
  server.store.setStep("db", first, "build db:1");
  assertEquals(peersOf(server.store, "db"), ["web"]);
  server.store.commit("db", first, "");
  server.store.setStep("db", accept(["worker", "web"]), "build db:2");
  assertEquals(peersOf(server.store, "db"), ["web", "worker"]);
  server.store.fail("db", 2, "failed", "", "");
  assertEquals(peersOf(server.store, "db"), ["web"]);
});

Deno.test("a repair touches nobody's reach when it is as the state says", async () => {
  using server = new BenchServer();
  await server.deploy({ name: "web" });
  await server.deploy({ ...DB, peers: ["web"] });
  server.runtime.calls.length = 0;
  await server.restartDaemon();
  assertEquals(server.runtime.calls, []);
});

Deno.test("a repair lets a peer reach an isolated service that it has lost, and ends the reach of another one", async () => {
  using server = new BenchServer();
  for (const name of ["web", "other"]) await server.deploy({ name });
  await server.deploy({ ...DB, peers: ["web"] });
  await server.runtime.setPeers("db", ["other"]);
  await server.restartDaemon();
  assertAsStated(server);
  await server.runtime.setPeers("web", ["other"]);
  await server.restartDaemon();
  assertEquals([...server.runtime.peers.keys()], ["db"]);
});

Deno.test("a removal leaves nothing of an isolated service", async () => {
  using server = new BenchServer();
  await server.deploy({ name: "web" });
  await server.deploy({ ...DB, peers: ["web"] });
  server.store.setServiceState("db", "removing");
  await reconcileService(server.parts, "db", { report: () => {} });
  assertEquals(reach(server), { peers: undefined, reaching: [] });
  assertEquals([...server.runtime.replicas.keys()], ["web.1.1"]);
});

Deno.test("a stopped isolated service stays isolated", async () => {
  using server = new BenchServer();
  await server.deploy({ name: "web" });
  await server.deploy({ ...DB, peers: ["web"] });
  server.store.setServiceState("db", "stopped");
  await reconcileService(server.parts, "db", { report: () => {} });
  assertAsStated(server);
});

const CHANGES: readonly (readonly [from: Peers, to: Peers])[] = [
  [undefined, ["web"]],
  [["web"], undefined],
  [["web"], ["other"]],
];
for (const scale of [0, 2]) {
  for (const [from, to] of CHANGES) {
    const change = `${JSON.stringify(from) ?? "all"} to ${JSON.stringify(to) ?? "all"}`;
    Deno.test(`a power cut at any step of a change of peers from ${change} ends as the state says, scale ${scale}`, async () => {
      for (let cutAt = 1;; cutAt++) {
        using server = new BenchServer();
        for (const name of ["web", "other"]) await server.deploy({ name });
        await server.deploy({ ...DB, scale, peers: from });
        const cut = await server.cutPowerAt(cutAt, () => server.deploy({ ...DB, scale, peers: to }));
        if (!cut) return assertAsStated(server, "no cut");
        await server.restartDaemon();
        assertAsStated(server, `cut ${cutAt}`);
        const named = [...server.runtime.replicas.values()].every((state) => state.named && state.restarts);
        assertEquals(named, true, `cut ${cutAt}`);
      }
    });
  }
}
