import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example") };
const SOON = { timeoutMs: 5000, intervalMs: 5 };

/** Makes a change of the machine fail so many times. @returns how often it was tried */
function failing(daemon: BenchDaemon, call: string, times: number): () => number {
  let tried = 0;
  daemon.server.runtime.beforeCall = (next) => {
    if (next === call && tried++ < times) throw new Error("no answer");
  };
  return () => tried;
}

Deno.test("reconcile() starts what is live and does not run", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  daemon.server.runtime.replicas.clear();
  await daemon.deploys.work.reconcile();
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
});

Deno.test("a reconcile that fails is tried again until it holds, and the others are not held up", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.deploy({ Dockerfile: dockerfile("shop", "domain = shop.example") });
  daemon.server.runtime.replicas.clear();
  const tried = failing(daemon, "start blog.1.1", 3);
  await daemon.deploys.work.reconcile();
  assert(daemon.server.runtime.replicas.get("shop.1.1")?.status === "running");
  await waitUntil(() => daemon.server.serving().includes("blog.1.1"), { what: "blog serves", ...SOON });
  assertEquals(tried(), 4);
  assertEquals(daemon.logged.filter((line) => line === "reconcile: blog: no answer").length, 3);
});

Deno.test("a route that Traefik does not confirm at the start is written again until it does", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const tried = failing(daemon, "write the routes", 2);
  await daemon.deploys.work.reconcile();
  await waitUntil(() => tried() >= 3, { what: "the routes are written", ...SOON });
  assertStringIncludes(daemon.logged.join("\n"), "reconcile: no answer");
});

Deno.test("putting things back after a failed deploy is tried again until the old release serves", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  daemon.server.runtime.behaviours.set(2, "exits");
  const tried = failing(daemon, "start blog.1.1", 2);
  const events = await daemon.deploy({ ...BLOG, new: "file" });
  assertEquals(events.at(-1)?.kind, "failed");
  const warnings = events.flatMap((event) => event.kind === "warning" ? [event.text] : []);
  assertEquals(warnings.slice(1), ["putting things back is not finished, the daemon goes on with it: no answer"]);
  await waitUntil(() => daemon.server.serving().includes("blog.1.1"), { what: "blog serves", ...SOON });
  assertEquals(tried(), 3);
});

Deno.test("the normal route is written again when Traefik does not confirm it after the commit", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  let writes = 0;
  daemon.server.runtime.beforeCall = (call) => {
    // The first is the hold before the cutover, the second the normal route behind the commit.
    if (call === "write the routes" && ++writes === 2) throw new Error("no answer");
  };
  const events = await daemon.deploy({ ...BLOG, new: "file" });
  assertEquals(events.at(-1)?.kind, "live");
  assert(events.some((event) => event.kind === "warning" && event.text === "the new release is live, but no answer"));
  await waitUntil(() => writes >= 3, { what: "the route is written again", ...SOON });
  assertEquals(daemon.server.serving(), ["blog.2.1"]);
});

Deno.test("an old release that could not be taken away is taken away later", async () => {
  await using daemon = await BenchDaemon.start();
  const files = { Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 1") };
  await daemon.deploy(files);
  const tried = failing(daemon, "remove blog.1.1", 2);
  assertEquals((await daemon.deploy({ ...files, new: "file" })).at(-1)?.kind, "live");
  await daemon.settled();
  assertEquals(tried(), 3);
  assertStringIncludes(daemon.logged.join("\n"), "blog.2: taking the old release away: no answer");
});
