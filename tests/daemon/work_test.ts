import { assertEquals } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

Deno.test("repairs of a service that are asked for again and again do not pile up before a deploy", async () => {
  await using daemon = await BenchDaemon.start({ retryPauseMs: 60_000 });
  const blog = { Dockerfile: dockerfile("blog", "domain = blog.example") };
  await daemon.deploy(blog);
  const { runtime } = daemon.server;
  const [state] = runtime.replicas.values();
  if (state === undefined) throw new Error("nothing runs");
  runtime.replicas.set("blog.1.1", { ...state, status: "exited" });
  runtime.beforeCall = (call) => {
    if (call.startsWith("start")) throw new Error("no memory");
  };
  const failures = () => daemon.logged.filter((line) => line === "reconcile: blog: no memory").length;
  const { work } = daemon.deploys;
  for (let i = 0; i < 3; i++) work.retry("blog");
  await waitUntil(() => failures() > 0, { what: "a repair failed", timeoutMs: 5000, intervalMs: 1 });
  // It is tried again in a minute.
  work.retry("blog");
  runtime.beforeCall = () => {};
  await daemon.events(daemon.parts.actions.start("blog"));
  assertEquals([failures(), daemon.server.serving()], [1, ["blog.1.1"]]);
});
