import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BuildError, MyPaasError, UsageError } from "../../src/error.ts";
import { waitUntil } from "../../src/wait.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example") };

function kinds(events: readonly NumberedEvent[]): readonly string[] {
  return events.map(({ kind }) => kind);
}

/** The end of a deploy that must have failed. */
function failure(events: readonly NumberedEvent[]) {
  const end = events.at(-1);
  if (end?.kind !== "failed") throw new Error(`it ended with ${JSON.stringify(end)}`);
  return end.error;
}

Deno.test("a deploy is accepted, built and live, and tells so in order", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.onBuild = (_image, onLine) => onLine({ step: "[1/1] FROM busybox", text: "CACHED" });
  const events = await daemon.deploy(BLOG);
  const texts = events.map((event) => event.kind === "step" ? `${event.text} ${event.state}` : event.kind);
  assertEquals(texts.slice(0, 5), [
    "accepted",
    "build blog:1 started",
    "log",
    "build blog:1 done",
    "create blog.1.1 started",
  ]);
  const end = events.at(-1);
  assert(end?.kind === "live");
  assertEquals([end.release, end.urls, end.alreadyLive], [1, ["http://blog.example/"], false]);
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
  const live = daemon.server.store.live("blog");
  assertEquals([live?.image, live?.imageId, live?.by], ["blog:1", "sha256:blog:1", "test"]);
});

Deno.test("a second deploy of one service is queued behind the first, and both end live", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = (image) => image === "blog:1" ? gate.promise : undefined;
  const first = await daemon.submit(await daemon.request(BLOG));
  const second = await daemon.submit(await daemon.request(BLOG));
  assertEquals(daemon.builds.includes("blog:2"), false);
  gate.resolve();
  const events = await daemon.events(second);
  assertEquals(kinds(events).slice(0, 2), ["accepted", "queued"]);
  assert(events[1]?.kind === "queued" && events[1].behind === "blog.1");
  assertEquals([kinds(await daemon.events(first)).at(-1), kinds(events).at(-1)], ["live", "live"]);
  assertEquals(daemon.server.store.releases("blog", 9).map(({ status }) => status), ["live", "retired"]);
  assertEquals(daemon.builds, ["blog:1", "blog:2"]);
});

Deno.test("a failed deploy does not hold up the one behind it", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.onBuild = (image) => {
    if (image === "blog:1") throw new BuildError("Cannot build blog:1: it fails");
  };
  const first = await daemon.submit(await daemon.request(BLOG));
  const second = await daemon.submit(await daemon.request(BLOG));
  assertEquals(kinds(await daemon.events(first)).at(-1), "failed");
  assertEquals(kinds(await daemon.events(second)).at(-1), "live");
});

Deno.test("deploys of two services go side by side, but for their builds", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = (image) => image === "blog:1" ? gate.promise : undefined;
  const blog = await daemon.submit(await daemon.request(BLOG));
  const shop = await daemon.submit(await daemon.request({ Dockerfile: dockerfile("shop") }));
  await waitUntil(() => daemon.builds.length === 1, { what: "a build began", timeoutMs: 5000, intervalMs: 1 });
  gate.resolve();
  const queued = (await daemon.events(shop)).find(({ kind }) => kind === "queued");
  assert(queued?.kind === "queued" && queued.behind === "the build of blog.1");
  assertEquals(kinds(await daemon.events(blog)).at(-1), "live");
});

Deno.test("a deploy that is cancelled while it waits for another's build ends at once", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = (image) => image === "blog:1" ? gate.promise : undefined;
  const blog = await daemon.submit(await daemon.request(BLOG));
  const shop = await daemon.submit(await daemon.request({ Dockerfile: dockerfile("shop") }));
  const queued = () => Array.fromAsync(shop.log.follow(0, AbortSignal.timeout(1)));
  await waitUntil(async () => kinds(await queued()).includes("queued"), { what: "shop waits", timeoutMs: 5000 });
  assertEquals(daemon.deploys.cancel("shop", { by: "ann" }), ["shop.1"]);
  assertEquals(failure(await daemon.events(shop)).message, 'Cannot finish the deploy "shop.1": ann cancelled it');
  assertEquals(daemon.server.store.release("shop", 1)?.status, "cancelled");
  assertEquals(daemon.builds, ["blog:1"]);
  gate.resolve();
  assertEquals(kinds(await daemon.events(blog)).at(-1), "live");
});

Deno.test("as many builds as the server is set to go on side by side", async () => {
  await using daemon = await BenchDaemon.start({ buildsAtATime: 2 });
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const deploys = await Promise.all(
    ["blog", "shop", "wiki"].map(async (name) => daemon.submit(await daemon.request({ Dockerfile: dockerfile(name) }))),
  );
  await waitUntil(() => daemon.builds.length === 2, { what: "two builds began", timeoutMs: 5000, intervalMs: 1 });
  gate.resolve();
  for (const deploy of deploys) assertEquals(kinds(await daemon.events(deploy)).at(-1), "live");
  assertEquals(daemon.builds.length, 3);
});

Deno.test("a deploy of what is live already builds nothing, unless it is forced", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const [again, ...more] = await daemon.deploy(BLOG);
  assert(again?.kind === "live");
  assertEquals([again.alreadyLive, again.release, again.urls, more], [true, 1, ["http://blog.example/"], []]);
  assertEquals(daemon.builds, ["blog:1"]);
  assertEquals(kinds(await daemon.deploy(BLOG, { force: true })).at(-1), "live");
  assertEquals(kinds(await daemon.deploy({ ...BLOG, new: "file" })).at(-1), "live");
  assertEquals(daemon.builds, ["blog:1", "blog:2", "blog:3"]);
});

Deno.test("going back to what is live is a deploy while another one is under way", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const other = await daemon.submit(await daemon.request({ ...BLOG, new: "file" }));
  const back = await daemon.submit(await daemon.request(BLOG));
  gate.resolve();
  await daemon.events(other);
  assertEquals(kinds(await daemon.events(back)).slice(0, 2), ["accepted", "queued"]);
  assertEquals(daemon.server.store.live("blog")?.number, 3);
});

Deno.test("a domain of another service is refused before anything changes", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const shop = { Dockerfile: dockerfile("shop", "domain = blog.example") };
  for (const dryRun of [false, true]) {
    const error = await assertRejects(() => daemon.deploy(shop, { dryRun }), MyPaasError);
    assertEquals(error.message, 'Cannot use the domain "blog.example" for "shop": it belongs to "blog"');
  }
  assertEquals(daemon.server.store.services(), ["blog"]);
});

Deno.test("of two services that ask for one domain at the same time one gets it", async () => {
  await using daemon = await BenchDaemon.start();
  const requests = await Promise.all(
    ["blog", "shop"].map((name) => daemon.request({ Dockerfile: dockerfile(name, "domain = blog.example") })),
  );
  const results = await Promise.allSettled(requests.map((request) => daemon.submit(request)));
  assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  for (const result of results) if (result.status === "fulfilled") await daemon.events(result.value);
  assertEquals(daemon.server.store.allLive().length, 1);
});

Deno.test("what may not be deployed takes no release number", async () => {
  await using daemon = await BenchDaemon.start({
    checkVolumes: () => Promise.reject(new UsageError("Cannot use the volume: it is outside")),
  });
  await assertRejects(() => daemon.deploy(BLOG), UsageError, "Cannot use the volume");
  assertEquals(daemon.server.store.services(), []);
});

Deno.test("a failing build ends the deploy with its cause, and the old release goes on", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  daemon.onBuild = () => {
    throw new BuildError("Cannot build blog:2: RUN make: exit code 2", {
      details: ["make: no rule"],
      hint: "Mend it.",
    });
  };
  const error = failure(await daemon.deploy({ ...BLOG, new: "file" }));
  assertEquals(error, {
    kind: "build",
    message: "Cannot build blog:2: RUN make: exit code 2",
    details: ["make: no rule"],
    hint: "Mend it. Release 1 still serves.",
  });
  const failed = daemon.server.store.release("blog", 2);
  assertEquals([failed?.status, failed?.error, failed?.step], ["failed", error.message, undefined]);
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
});

Deno.test("a first release that does not come up ends the deploy, and nothing runs", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.server.runtime.behaviours.set(1, "exits");
  const error = failure(await daemon.deploy(BLOG));
  assertEquals(error.kind, "notReady");
  assertStringIncludes(error.message, "Cannot bring up blog.1.1: it exited with code 3");
  assertStringIncludes(error.hint ?? "", "Nothing was running before, so nothing runs now.");
  assertEquals([...daemon.server.runtime.replicas.keys()], []);
});

Deno.test("a bug ends the deploy without its words, which go to the log of the daemon", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.onBuild = () => {
    throw new TypeError("secret is not a function");
  };
  const error = failure(await daemon.deploy(BLOG));
  assertEquals([error.kind, error.message], ["failed", "Cannot answer: the server has a bug, its log says more"]);
  assertStringIncludes(daemon.logged.join("\n"), "blog.1: TypeError: secret is not a function");
});

Deno.test("a deploy goes on when nobody follows it, and can be found afterwards", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const deploy = await daemon.submit(await daemon.request(BLOG));
  const follower = new AbortController();
  const following = Array.fromAsync(deploy.log.follow(0, follower.signal));
  follower.abort();
  await following;
  gate.resolve();
  assertEquals(kinds(await daemon.events(deploy)).at(-1), "live");
  assertEquals(daemon.deploys.work.find("blog.1"), deploy);
  assertEquals(daemon.deploys.work.find("blog.2"), undefined);
});

Deno.test("the end of a deploy tells what visitors noticed, as far as Traefik knows", async () => {
  await using daemon = await BenchDaemon.start();
  const counts = (total: number, failed: number, startedAt = 1000) => ({
    startedAt,
    services: new Map([["blog", { total, "2xx": total - failed, "3xx": 0, "4xx": 0, "5xx": failed }]]),
  });
  const visits = async (before: ReturnType<typeof counts>, after: ReturnType<typeof counts> | undefined) => {
    daemon.load.counted = () => before;
    daemon.onBuild = () => {
      daemon.load.counted = () => {
        if (after === undefined) throw new MyPaasError("Traefik does not answer");
        return after;
      };
    };
    const end = (await daemon.deploy(BLOG, { force: true })).at(-1);
    return end?.kind === "live" ? end.visits : end;
  };
  assertEquals(await visits(counts(100, 1), counts(150, 3)), { requests: 50, failed: 2 });
  assertEquals(await visits(counts(100, 1), counts(10, 0, 2000)), undefined);
  assertEquals(await visits(counts(100, 1), undefined), undefined);
});
