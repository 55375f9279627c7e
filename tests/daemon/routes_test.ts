import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { KeyPair } from "../../src/auth/keys.ts";
import { verifyEvent } from "../../src/auth/proof.ts";
import { BuildError, MyPaasError } from "../../src/error.ts";
import { parseInviteAnswer, parseKeys, parseServices } from "../../src/wire/answer_schemas.ts";
import { parseEventLine } from "../../src/wire/event_schemas.ts";
import { daemonHandler } from "../../src/daemon/handler.ts";
import { BenchDaemon, dockerfile, type GateAnswer } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 2") };
const SHOP = { Dockerfile: dockerfile("shop", "domain = shop.example") };

interface Line extends Record<string, unknown> {
  readonly kind: string;
}

/** The lines of an answer, whose last one must be proved and nothing else of this kind. */
async function linesOf({ status, text, context }: GateAnswer): Promise<readonly Line[]> {
  assertEquals(status, 200, text);
  const lines: readonly Line[] = text.trim().split("\n").map((line) => JSON.parse(line));
  await verifyEvent(lines.at(-1), context);
  return lines;
}

/** The sentence and the hint of a failure, which must be proved. */
function failureOf({ status, text, proved }: GateAnswer): readonly [message: string, hint: string | undefined] {
  assertEquals([status >= 400, proved], [true, true], text);
  const { error } = JSON.parse(text);
  return [error.message, error.hint];
}

async function servicesOf(daemon: BenchDaemon, key: KeyPair) {
  return parseServices(JSON.parse((await daemon.ask(key, "GET /v1/services")).text));
}

Deno.test("ps shows the services in the scope of the key, and no others", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.deploy(SHOP);
  const scopes = [["*"], ["shop"], ["blog", "none"], ["none"]];
  const seen = await Promise.all(scopes.map(async (scope) => {
    const services = await servicesOf(daemon, await daemon.laptop({ scope }));
    return services.map(({ service }) => service);
  }));
  assertEquals(seen, [["blog", "shop"], ["shop"], ["blog"], []]);
  const [shop] = await servicesOf(daemon, await daemon.laptop({ scope: ["shop"] }));
  assertEquals([shop?.status, shop?.release, shop?.urls], ["live", 1, ["http://shop.example/"]]);
  assertEquals(shop?.replicas, [{ name: "shop.1.1", status: "running", health: "none", restarts: 0 }]);
});

Deno.test("ps shows the live release however many deploys failed since", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(SHOP);
  daemon.onBuild = (image) => {
    throw new BuildError(`Cannot build ${image}: it fails`);
  };
  for (let failures = 0; failures < 25; failures++) await daemon.deploy(SHOP, { force: true });
  const [shop] = await servicesOf(daemon, await daemon.laptop());
  assertEquals([shop?.status, shop?.release, shop?.lastFailure?.release], ["live", 1, 26]);
});

Deno.test("logs joins the replicas of the live release, and proves the end", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const ann = await daemon.laptop({ scope: ["blog"] });
  const lines = await linesOf(await daemon.ask(ann, "GET /v1/services/blog/logs?tail=10&since=0"));
  assertEquals(lines.slice(0, 2).map((line) => line["text"]), ["hello from blog.1.1", "hello from blog.1.2"]);
  assertEquals([lines[2]?.kind, lines[2]?.["lines"], lines.length], ["end", 2, 3]);
  await linesOf(await daemon.ask(ann, "GET /v1/services/blog/logs?follow=1"));
});

Deno.test("logs of a service that is not there names those that the key may see", async () => {
  await using daemon = await BenchDaemon.start();
  const [ann, bob] = [await daemon.laptop(), await daemon.laptop({ scope: ["blog", "shop"] })];
  const path = "GET /v1/services/shop/logs";
  const sentence = 'Cannot show the log of "shop": there is no such service';
  assertEquals(failureOf(await daemon.ask(ann, path)), [sentence, "No service was deployed yet."]);
  await daemon.deploy({ Dockerfile: dockerfile("secret-plan") });
  await daemon.deploy(BLOG);
  assertEquals(failureOf(await daemon.ask(ann, path)), [sentence, "Services are: blog, secret-plan."]);
  assertEquals(failureOf(await daemon.ask(bob, path)), [sentence, "Services are: blog."]);
});

Deno.test("logs of a release without a container is a sentence", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.server.runtime.behaviours.set(1, "exits");
  await daemon.deploy(SHOP);
  const [sentence] = failureOf(await daemon.ask(await daemon.laptop(), "GET /v1/services/shop/logs"));
  assertEquals(sentence, 'Cannot show the log of "shop": release 1 is failed and has no container');
});

Deno.test("logs and attach take whole numbers only", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const ann = await daemon.laptop();
  for (
    const [path, name] of [["services/blog/logs", "tail"], ["services/blog/logs", "since"], [
      "deploys/blog.1/events",
      "after",
    ]]
  ) {
    for (const value of ["-1", "x", "1.5", "", "Infinity"]) {
      const [sentence] = failureOf(await daemon.ask(ann, `GET /v1/${path}?${name}=${value}`));
      assertEquals(sentence, `Cannot read the request: "${name}" must be a whole number, not "${value}"`);
    }
  }
});

Deno.test("attach to a deploy that is over tells it again, from where one wants, proved for this request", async () => {
  await using daemon = await BenchDaemon.start();
  const told = await daemon.deploy(SHOP);
  const ann = await daemon.laptop({ scope: ["shop"] });
  const all = await daemon.ask(ann, "GET /v1/deploys/shop.1/events");
  const lines = await linesOf(all);
  assertEquals(lines.map((line) => parseEventLine(line)).map(({ proof: _, ...event }) => event), [...told]);
  assertEquals(lines.filter((line) => "proof" in line).map(({ kind }) => kind), ["accepted", "live"]);
  await verifyEvent(lines[0], all.context);
  const rest = await linesOf(await daemon.ask(ann, `GET /v1/deploys/shop.1/events?after=${told.length - 1}`));
  assertEquals(rest.map(({ kind }) => kind), ["live"]);
  const nothing = await daemon.ask(ann, `GET /v1/deploys/shop.1/events?after=${told.length}`);
  assertEquals([nothing.status, nothing.text], [200, ""]);
});

Deno.test("attach to a deploy that goes on follows it to its end", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  await daemon.submit(await daemon.request(SHOP));
  const following = daemon.ask(await daemon.laptop(), "GET /v1/deploys/shop.1/events");
  gate.resolve();
  assertEquals((await linesOf(await following)).at(-1)?.kind, "live");
});

Deno.test("attach to an unknown deploy, or one whose log is gone, is a sentence", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const ask = (id: string) => daemon.ask(ann, `GET /v1/deploys/${id}/events`);
  for (const id of ["blog.7", "blog", "blog.7.1", "blog.x"]) {
    assertEquals(failureOf(await ask(id)), [
      `Cannot attach to "${id}": there is no such deploy`,
      "It takes <service>.<release>, such as blog.7.",
    ]);
  }
  const { store } = daemon.server;
  const at = new Date().toISOString();
  await daemon.deploy(SHOP);
  const { spec } = store.live("shop") ?? {};
  if (spec === undefined) throw new Error("it is not live");
  const old = store.createRelease({ spec, env: [], contentDigest: "", by: "test", at });
  store.fail("shop", old.number, "interrupted", "The daemon ended before its first step", at);
  assertEquals(
    failureOf(await ask("shop.2"))[0],
    'Cannot attach to "shop.2": its log is gone; it is interrupted: The daemon ended before its first step',
  );
});

Deno.test("keys list shows every key to an admin, without what nobody needs", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin" });
  const ann = await daemon.laptop({ scope: ["shop"] });
  const { text } = await daemon.ask(admin, "GET /v1/keys");
  const keys = parseKeys(JSON.parse(text));
  assertEquals(keys.map(({ name, role, scope }) => [name, role, scope]).sort(), [
    ["admin", "admin", ["*"]],
    ["ann", "deploy", ["shop"]],
  ]);
  assertEquals(text.includes(ann.publicKey), false);
});

Deno.test("keys revoke ends a key at once, and the audit names it", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin" });
  const ann = await daemon.laptop();
  const answer = await daemon.ask(admin, `DELETE /v1/keys/${ann.id}`);
  assertEquals([answer.status, answer.proved], [200, true]);
  assertEquals(JSON.parse(answer.text), { id: ann.id, name: "ann", own: false, admins: 1 });
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.actor, line?.action, line?.subject, line?.result], [
    `admin (${admin.id})`,
    "keys-revoke",
    ann.id,
    "ok",
  ]);
  assertEquals((await daemon.gate(await daemon.signed(ann, "GET /v1/services"))).status, 401);
  assertEquals((await daemon.ask(admin, "GET /v1/services")).status, 200);
});

Deno.test("keys revoke refuses a key that is not there, and one that has more", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin", scope: ["shop"] });
  const other = await daemon.laptop({ name: "other", scope: ["shop", "blog"] });
  assertEquals(failureOf(await daemon.ask(admin, "DELETE /v1/keys/0011223344556677")), [
    'Cannot revoke the key "0011223344556677": there is no such key',
    "mypaas keys list shows them.",
  ]);
  const [sentence] = failureOf(await daemon.ask(admin, `DELETE /v1/keys/${other.id}`));
  assertStringIncludes(sentence, 'Cannot revoke the key "other": it has "blog" in its scope');
  assertEquals(daemon.keys.key(other.id)?.revokedAt, undefined);
});

Deno.test("an invite gives no more than the inviter has, and the audit names it", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin", scope: ["shop"] });
  const invite = { name: "bob", role: "deploy", scope: ["shop"] };
  const answer = await daemon.ask(admin, "POST /v1/invites", invite);
  const { id } = parseInviteAnswer(JSON.parse(answer.text));
  const [line] = daemon.audit.lines(1);
  assertEquals([answer.proved, line?.action, line?.subject, line?.result], [true, "invite", id, "ok"]);
  const [sentence] = failureOf(await daemon.ask(admin, "POST /v1/invites", { ...invite, scope: ["*"] }));
  assertStringIncludes(sentence, "a key never grants more than it has");
});

Deno.test("a proof of one request is not taken for another", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(SHOP);
  const ann = await daemon.laptop();
  const [first, second] = [
    await daemon.ask(ann, "GET /v1/services/shop/logs"),
    await daemon.ask(ann, "GET /v1/services/shop/logs"),
  ];
  await linesOf(first);
  await assertRejects(() => linesOf({ ...first, context: second.context }), MyPaasError, "not proved");
});

Deno.test("an invite is made when the routes are there, so that whoever logs in at once meets this server's certificate", async () => {
  await using daemon = await BenchDaemon.start();
  const routed = Promise.withResolvers<void>();
  const local = daemonHandler({ ...daemon.parts, converged: routed.promise }, "local");
  const body = JSON.stringify({ name: "admin", role: "admin", scope: ["*"] });
  const answer = local(new Request("http://daemon/v1/invites", { method: "POST", body }));
  const first = await Promise.race([answer.then(() => "invite"), local(new Request("http://daemon/v1/keys"))]);
  assertEquals(first === "invite", false);
  routed.resolve();
  assertEquals((await answer).status, 200);
});
