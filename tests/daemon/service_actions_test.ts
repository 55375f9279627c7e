import { assertEquals, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example", "volume = data:/data") };

/** Status of each replica and whether a crash or reboot would start it. */
function replicas(daemon: BenchDaemon): readonly string[] {
  return [...daemon.server.runtime.replicas].map(([name, { status, restarts }]) =>
    `${name} ${status}${restarts ? " restarts" : ""}`
  );
}

Deno.test("stop() closes the route, then stops the replicas; start() brings them back", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const stopped = await daemon.events(daemon.parts.actions.stop("blog"));
  assertEquals(stopped.flatMap((event) => event.kind === "step" && event.state === "started" ? [event.text] : []), [
    "close the route of blog",
    "unname blog.1.1",
    "drain blog.1.1",
    "stop blog.1.1",
  ]);
  assertEquals([replicas(daemon), daemon.server.routedTo()], [["blog.1.1 exited"], []]);
  assertEquals(daemon.server.tables.at(-1)?.[0]?.holdSeconds, 0);
  const [end] = (await daemon.events(daemon.parts.actions.start("blog"))).slice(-1);
  assertEquals(end?.kind === "done" && end.text, "blog runs");
  assertEquals([replicas(daemon), daemon.server.serving()], [["blog.1.1 running restarts"], ["blog.1.1"]]);
});

Deno.test("a stopped service stays stopped when the daemon comes back, and a deploy starts it", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.events(daemon.parts.actions.stop("blog"));
  await daemon.server.restartDaemon();
  assertEquals([replicas(daemon), daemon.server.routedTo()], [["blog.1.1 exited"], []]);
  assertEquals((await daemon.deploy(BLOG)).at(-1)?.kind, "live");
  await daemon.settled();
  assertEquals([daemon.server.serving(), daemon.server.store.serviceState("blog")], [["blog.2.1"], "running"]);
});

Deno.test("a deploy of a stopped service that fails leaves it stopped", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.events(daemon.parts.actions.stop("blog"));
  daemon.server.runtime.behaviours.set(2, "exits");
  assertEquals((await daemon.deploy(BLOG, { force: true })).at(-1)?.kind, "failed");
  assertEquals([replicas(daemon), daemon.server.routedTo()], [["blog.1.1 exited"], []]);
  await daemon.events(daemon.parts.actions.start("blog"));
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
});

Deno.test("start() of what does not come up says why, and it is stopped again", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.events(daemon.parts.actions.stop("blog"));
  daemon.server.runtime.behaviours.set(1, "exits");
  const end = (await daemon.events(daemon.parts.actions.start("blog"))).at(-1);
  assertEquals(end?.kind === "failed" && end.error.kind, "notReady");
  assertStringIncludes(end?.kind === "failed" ? end.error.hint ?? "" : "", "It is stopped again.");
  assertEquals([replicas(daemon), daemon.server.store.serviceState("blog")], [["blog.1.1 exited"], "stopped"]);
  daemon.server.runtime.behaviours.clear();
  await daemon.events(daemon.parts.actions.start("blog"));
});

Deno.test("remove() takes containers, images and releases away, and says where the volumes are", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.deploy(BLOG, { force: true });
  const end = (await daemon.events(daemon.parts.actions.remove("blog"))).at(-1);
  assertEquals(end?.kind === "done" && [end.text, end.notes], [
    "blog is removed",
    ["its volume is kept: /volumes/blog/data"],
  ]);
  assertEquals([replicas(daemon), daemon.server.tables.at(-1), [...daemon.images.images]], [[], [], []]);
  assertEquals([daemon.server.store.services(), daemon.server.store.serviceState("blog")], [[], "running"]);
  await daemon.deploy({ Dockerfile: dockerfile("shop", "domain = blog.example") });
  assertEquals(daemon.server.serving(), []);
  assertEquals(daemon.server.routedTo("shop").length, 1);
});

Deno.test("a deploy that waits behind a removal is the first of a new service", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const removal = daemon.parts.actions.remove("blog");
  const deploy = await daemon.submit(await daemon.request(BLOG, { force: true }));
  assertEquals((await daemon.events(removal)).at(-1)?.kind, "done");
  assertEquals((await daemon.events(deploy)).at(-1)?.kind, "live");
  assertEquals(daemon.server.store.releases("blog", 9).map(({ number }) => number), [2]);
});

for (const action of ["stop", "start", "remove"] as const) {
  Deno.test(`a daemon that ends at any call of ${action} goes on with it when it is back`, async () => {
    for (let cut = 0;; cut++) {
      await using daemon = await BenchDaemon.start({ retryPauseMs: 60_000 });
      await daemon.deploy({ Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 2") });
      if (action === "start") await daemon.events(daemon.parts.actions.stop("blog"));
      let calls = 0;
      daemon.server.runtime.beforeCall = () => {
        if (calls++ >= cut) throw new Error("the power is off");
      };
      const end = (await daemon.events(daemon.parts.actions[action]("blog"))).at(-1);
      await daemon.server.restartDaemon();
      const wanted = { stop: [0, "stopped"], start: [2, "running"], remove: [0, "running"] }[action];
      const reached = [daemon.server.serving().length, daemon.server.store.serviceState("blog")];
      // What fails to start is stopped again.
      const given = action === "start" && end?.kind === "failed" ? [0, "stopped"] : wanted;
      assertEquals(reached, given);
      if (action === "remove") assertEquals(daemon.server.store.services(), []);
      if (end?.kind !== "done") continue;
      assertEquals(calls > 3, true);
      return;
    }
  });
}

Deno.test("a removal that fails is tried again until it is done", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  let tried = 0;
  daemon.server.runtime.beforeCall = (call) => {
    if (call === "remove blog.1.1" && tried++ < 2) throw new Error("no answer");
  };
  const end = (await daemon.events(daemon.parts.actions.remove("blog"))).at(-1);
  assertEquals(end?.kind, "failed");
  await waitUntil(() => daemon.server.store.services().length === 0, {
    what: "the service is gone",
    timeoutMs: 5000,
    intervalMs: 5,
  });
});
