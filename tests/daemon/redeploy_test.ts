import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { waitUntil } from "../../src/wait.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BY = { by: "test" };

function blog(...options: readonly string[]) {
  return { Dockerfile: dockerfile("blog", "domain = blog.example", ...options) };
}

function failure(events: readonly NumberedEvent[]) {
  const end = events.at(-1);
  if (end?.kind !== "failed") throw new Error(`it ended with ${JSON.stringify(end)}`);
  return end.error;
}

Deno.test("redeploy() makes a release of an earlier image, options and environment, without a build", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog("env = COLOUR=red", "port = 8080"));
  await daemon.deploy(blog("env = COLOUR=blue"));
  const change = { origin: { kind: "rollback", of: 1 } as const };
  const events = await daemon.events(await daemon.deploys.redeploy("blog", change, BY));
  const steps = events.flatMap((event) => event.kind === "step" && event.state === "started" ? [event.text] : []);
  assertEquals(steps.slice(0, 2), ["use the image of blog:1", "create blog.3.1"]);
  const live = daemon.server.store.live("blog");
  assertEquals([live?.number, live?.imageId, live?.spec.port, live?.env], [3, "sha256:blog:1", 8080, [
    { name: "COLOUR", value: "red" },
  ]]);
  assertEquals([live?.origin, daemon.builds], [change.origin, ["blog:1", "blog:2"]]);
  const again = await daemon.deploy(blog("env = COLOUR=red", "port = 8080"));
  assert(again[0]?.kind === "live" && again[0].alreadyLive);
});

Deno.test("redeploy() refuses an image that is gone, before it takes a release number", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  await daemon.deploy(blog("port = 8080"));
  daemon.images.images.delete("blog:1");
  const error = await assertRejects(
    () => daemon.deploys.redeploy("blog", { origin: { kind: "rollback", of: 1 } }, BY),
    MyPaasError,
  );
  assertEquals(error.message, 'Cannot use release 1 of "blog": its image is gone');
  assertEquals(daemon.server.store.releases("blog", 9).length, 2);
});

Deno.test("redeploy() refuses a domain that another service has taken since", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  await daemon.deploy({ Dockerfile: dockerfile("blog", "domain = new.example") });
  await daemon.deploy({ Dockerfile: dockerfile("shop", "domain = blog.example") });
  const error = await assertRejects(
    () => daemon.deploys.redeploy("blog", { origin: { kind: "rollback", of: 1 } }, BY),
    MyPaasError,
  );
  assertEquals(error.message, 'Cannot use the domain "blog.example" for "blog": it belongs to "shop"');
});

Deno.test("redeploy() of the live release is refused while a newer one is under way, which it would undo", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const push = await daemon.submit(await daemon.request(blog("port = 8080")));
  const error = await assertRejects(
    () => daemon.deploys.redeploy("blog", { origin: { kind: "restart", of: 1 } }, BY),
    MyPaasError,
  );
  assertEquals(error.message, 'Cannot change release 1 of "blog": "blog.2" is being deployed');
  gate.resolve();
  await daemon.events(push);
  const back = await daemon.deploys.redeploy("blog", { origin: { kind: "rollback", of: 1 } }, BY);
  assertEquals((await daemon.events(back)).at(-1)?.kind, "live");
});

Deno.test("redeploy() of the live release is refused when a newer one went live while it looked for the image", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  const { promise: looked, resolve: goOn } = Promise.withResolvers<void>();
  const hasImage = daemon.images.hasImage.bind(daemon.images);
  daemon.images.hasImage = async (...image) => {
    await looked;
    return await hasImage(...image);
  };
  const restart = daemon.deploys.redeploy("blog", { origin: { kind: "restart", of: 1 } }, BY);
  await daemon.deploy(blog("port = 8080"));
  goOn();
  const error = await assertRejects(() => restart, MyPaasError);
  assertEquals(error.message, 'Cannot change release 1 of "blog": release 2 has just taken its place');
  assertEquals(daemon.server.store.live("blog")?.number, 2);
});

Deno.test("cancel() ends a deploy that is being built, and the old release goes on", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  daemon.onBuild = () => new Promise(() => {});
  const deploy = await daemon.submit(await daemon.request(blog("port = 8080")));
  await waitUntil(() => daemon.builds.length === 2, { what: "the build began", timeoutMs: 5000, intervalMs: 1 });
  assertEquals(daemon.deploys.cancel("blog", BY), ["blog.2"]);
  const error = failure(await daemon.events(deploy));
  assertEquals(error.message, 'Cannot finish the deploy "blog.2": test cancelled it');
  assertStringIncludes(error.hint ?? "", "Release 1 still serves.");
  assertEquals(daemon.server.store.release("blog", 2)?.status, "cancelled");
  assertEquals([daemon.server.serving(), daemon.deploys.cancel("blog", BY)], [["blog.1.1"], []]);
});

Deno.test("cancel() of one that waits ends it at once, and the one before it goes on", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const first = await daemon.submit(await daemon.request(blog()));
  const second = await daemon.submit(await daemon.request(blog("port = 8080")));
  assertEquals(daemon.deploys.cancel("blog", { id: "blog.2", by: "test" }), ["blog.2"]);
  assertEquals(failure(await daemon.events(second)).message, 'Cannot finish the deploy "blog.2": test cancelled it');
  gate.resolve();
  assertEquals((await daemon.events(first)).at(-1)?.kind, "live");
  const third = await daemon.deploy(blog("port = 8081"));
  assertEquals(third.at(-1)?.kind, "live");
  assertEquals(daemon.server.store.releases("blog", 9).map(({ status }) => status), ["live", "cancelled", "retired"]);
});

Deno.test("cancel() while a stop-first deploy waits for the new one brings the old one back", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  daemon.server.runtime.behaviours.set(2, "never-ready");
  const deploy = await daemon.submit(await daemon.request(blog("port = 8080")));
  await waitUntil(() => daemon.server.runtime.calls.includes("start blog.2.1"), {
    what: "the new one was started",
    timeoutMs: 5000,
    intervalMs: 1,
  });
  daemon.deploys.cancel("blog", BY);
  assertEquals((await daemon.events(deploy)).at(-1)?.kind, "failed");
  assertEquals(daemon.server.serving(), ["blog.1.1"]);
});

Deno.test("cancel() does not claim a deploy that is live already", async () => {
  await using daemon = await BenchDaemon.start();
  const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
  const { routes, store } = daemon.server.parts;
  const set = routes.set.bind(routes);
  await daemon.deploy(blog());
  routes.set = async (...route) => {
    if (store.live("blog")?.number === 2) await confirmed;
    await set(...route);
  };
  const deploy = await daemon.submit(await daemon.request(blog("port = 8080")));
  await waitUntil(() => store.live("blog")?.number === 2, { what: "it is live", timeoutMs: 5000, intervalMs: 1 });
  assertEquals(daemon.deploys.cancel("blog", BY), []);
  confirm();
  assertEquals((await daemon.events(deploy)).at(-1)?.kind, "live");
});
