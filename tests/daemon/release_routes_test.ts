import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KeyPair } from "../../src/auth/keys.ts";
import { verifyEvent } from "../../src/auth/proof.ts";
import { parseReleases } from "../../src/wire/releases.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

function blog(...options: readonly string[]) {
  return { Dockerfile: dockerfile("blog", "domain = blog.example", ...options) };
}

/** A daemon with three releases of blog, of which the second failed. */
async function threeReleases(): Promise<BenchDaemon> {
  const daemon = await BenchDaemon.start();
  await daemon.deploy(blog());
  daemon.server.runtime.behaviours.set(2, "exits");
  await daemon.deploy(blog("port = 8080"));
  await daemon.deploy(blog("port = 8081"));
  return daemon;
}

/** The last line of an answer, which must be proved. */
async function endOf(daemon: BenchDaemon, key: KeyPair, where: string, json?: unknown) {
  const { status, text, context } = await daemon.ask(key, where, json);
  assertEquals(status, 200, text);
  const end = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  await verifyEvent(end, context);
  return end;
}

/** The sentence of a refusal, which must be proved. */
async function refusal(daemon: BenchDaemon, key: KeyPair, where: string, json?: unknown) {
  const { status, text, proved } = await daemon.ask(key, where, json);
  assertEquals([status >= 400, proved], [true, true], text);
  return JSON.parse(text).error.message;
}

Deno.test("history tells who made each release, when, for what and how it ended, the newest first", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop();
  await endOf(daemon, key, "POST /v1/services/blog/rollback", {});
  const all = parseReleases(JSON.parse((await daemon.ask(key, "GET /v1/services/blog/releases")).text));
  assertEquals(all.map(({ release, status, what }) => `${release} ${status} ${what}`), [
    "4 live rollback to 1",
    "3 retired deploy",
    "2 failed deploy",
    "1 retired deploy",
  ]);
  assertEquals(all.map(({ by }) => by.split(" ")[0]), [`ann`, "test", "test", "test"]);
  assertEquals(all.every(({ createdAt, endedAt }) => endedAt !== undefined && createdAt <= endedAt), true);
  assertStringIncludes(all[2]?.error ?? "", "it exited with code 3");
  const two = await daemon.ask(key, "GET /v1/services/blog/releases?limit=2");
  assertEquals(parseReleases(JSON.parse(two.text)).map(({ release }) => release), [4, 3]);
});

Deno.test("rollback brings back the last other release that was live, or the one it is given", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop();
  assertEquals((await endOf(daemon, key, "POST /v1/services/blog/rollback", {})).release, 4);
  assertEquals(daemon.server.store.live("blog")?.spec.port, 80);
  await endOf(daemon, key, "POST /v1/services/blog/rollback", {});
  assertEquals(daemon.server.store.live("blog")?.spec.port, 8081);
  await endOf(daemon, key, "POST /v1/services/blog/rollback", { release: 1 });
  assertEquals(daemon.server.store.live("blog")?.spec.port, 80);
});

Deno.test("rollback to what never was live, is live, or is not there is refused", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop();
  const to = (release: number) => refusal(daemon, key, "POST /v1/services/blog/rollback", { release });
  assertEquals([await to(2), await to(3), await to(9)], [
    'Cannot roll "blog" back to release 2: it is failed and never was live',
    'Cannot roll "blog" back to release 3: it is live',
    'Cannot roll "blog" back to release 9: there is no such release',
  ]);
  await daemon.deploy({ Dockerfile: dockerfile("shop") });
  assertEquals(
    await refusal(daemon, key, "POST /v1/services/shop/rollback", {}),
    'Cannot roll "shop" back: no other release of it was live before',
  );
});

Deno.test("restart replaces the containers by new ones of the same release's image", async () => {
  await using daemon = await threeReleases();
  await endOf(daemon, await daemon.laptop(), "POST /v1/services/blog/restart");
  await daemon.settled();
  assertEquals(daemon.server.serving(), ["blog.4.1"]);
  assertEquals(daemon.server.store.live("blog")?.imageId, "sha256:blog:3");
});

Deno.test("scale changes the number of replicas until the next push of the Dockerfile", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop({ role: "admin" });
  await endOf(daemon, key, "POST /v1/services/blog/scale", { scale: 3 });
  await daemon.settled();
  assertEquals(daemon.server.serving().length, 3);
  await endOf(daemon, key, "POST /v1/services/blog/scale", { scale: 2 });
  await daemon.settled();
  assertEquals(daemon.server.serving().length, 2);
  const events = await daemon.deploy(blog("port = 8081"));
  assertEquals(events[0]?.kind, "accepted");
  assertEquals(daemon.server.store.live("blog")?.spec.scale, 0);
});

Deno.test("a key with the role deploy may not scale, stop, start or remove, and none acts outside of its scope", async () => {
  await using daemon = await threeReleases();
  const deployer = await daemon.laptop();
  const stranger = await daemon.laptop({ role: "admin", scope: ["shop"] });
  for (const where of ["POST /v1/services/blog/stop", "POST /v1/services/blog/start", "DELETE /v1/services/blog"]) {
    assertStringIncludes(await refusal(daemon, deployer, where), 'has the role "deploy", it needs "admin"');
    assertStringIncludes(await refusal(daemon, stranger, where), 'has the role "admin" for "shop"');
  }
  for (const action of ["rollback", "restart", "cancel"]) {
    const sentence = await refusal(daemon, stranger, `POST /v1/services/blog/${action}`, {});
    assertStringIncludes(sentence, 'has the role "admin" for "shop"');
  }
  assertEquals(daemon.server.serving(), ["blog.3.1"]);
});

Deno.test("stop, start and remove tell their end, and ps shows it", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop({ role: "admin" });
  assertEquals((await endOf(daemon, key, "POST /v1/services/blog/stop")).text, "blog is stopped");
  const [row] = JSON.parse((await daemon.ask(key, "GET /v1/services")).text);
  assertEquals(row.status, "stopped");
  assertEquals((await endOf(daemon, key, "POST /v1/services/blog/start")).text, "blog runs");
  assertEquals((await endOf(daemon, key, "DELETE /v1/services/blog")).text, "blog is removed");
  assertEquals((await daemon.ask(key, "GET /v1/services")).text, "[]");
});

Deno.test("cancel says what it cancelled, or that there is nothing", async () => {
  await using daemon = await threeReleases();
  const key = await daemon.laptop();
  daemon.onBuild = () => new Promise(() => {});
  const deploy = await daemon.submit(await daemon.request(blog("port = 8082")));
  assertEquals(
    await refusal(daemon, key, "POST /v1/services/blog/cancel", { deploy: "blog.3" }),
    'Cannot cancel the deploy "blog.3": it is not under way',
  );
  const { text } = await daemon.ask(key, "POST /v1/services/blog/cancel", {});
  assertEquals(JSON.parse(text), { cancelled: ["blog.4"] });
  await daemon.events(deploy);
  assertEquals(
    await refusal(daemon, key, "POST /v1/services/blog/cancel", {}),
    'Cannot cancel a deploy of "blog": none is under way',
  );
});

Deno.test("a command about a service that is not there says which there are", async () => {
  await using daemon = await threeReleases();
  const { text } = await daemon.ask(await daemon.laptop(), "POST /v1/services/blgo/restart");
  const { error } = JSON.parse(text);
  assertEquals([error.message, error.hint], [
    'Cannot restart "blgo": there is no such service',
    "Services are: blog.",
  ]);
});
