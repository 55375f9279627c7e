import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { reconcileAll } from "../../src/deploy/reconcile.ts";
import { BenchServer, SPEC } from "./bench_server.ts";

Deno.test("a state from another server gets addresses of this one's networks, also where a deploy was under way", async () => {
  using server = new BenchServer();
  await server.deploy();
  const [place] = server.store.live("blog")?.places ?? [];
  assertEquals(place?.ingressAddress?.startsWith("10.1.0."), true);
  const at = new Date().toISOString();
  const next = server.store.createRelease({ spec: SPEC, env: [], contentDigest: "", by: "test", at });
  server.store.setStep("blog", next.number, "route");
  server.store.setHeldAddress("blog", next.number, "10.1.0.40");
  server.runtime.replicas.clear();
  const ranges = {
    ingress: { first: "172.20.0.16", last: "172.20.0.99" },
    internal: { first: "172.21.0.16", last: "172.21.0.99" },
  };
  await reconcileAll({ ...server.parts, ranges }, { report: () => {} });
  const [home] = server.store.live("blog")?.places ?? [];
  assertMatch(`${home?.ingressAddress} ${home?.internalAddress}`, /^172\.20\.0\.\d+ 172\.21\.0\.\d+$/);
  assertEquals(server.routedTo(), [home?.ingressAddress ?? ""]);
  assertEquals(server.serving(), ["blog.1.1"]);
  assertNotEquals(server.store.release("blog", next.number)?.status, "pending");
});

Deno.test("a server whose networks are as before keeps its addresses", async () => {
  using server = new BenchServer();
  await server.deploy();
  const before = server.store.live("blog")?.places;
  await reconcileAll(server.parts, { report: () => {} });
  assertEquals(server.store.live("blog")?.places, before);
});
