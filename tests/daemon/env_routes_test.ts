import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { generateSealingKey, openSealed, seal } from "../../src/auth/seal.ts";
import { changeEnv, getEnv, listEnv } from "../../src/client/env.ts";
import { Connection } from "../../src/client/connection.ts";
import type { KeyPair } from "../../src/auth/keys.ts";
import { MyPaasError } from "../../src/error.ts";
import { envContext, parseEnvGetAnswer, parseEnvListAnswer } from "../../src/wire/env.ts";
import { HandlerTransport } from "../fakes/handler_transport.ts";
import { BenchDaemon, type GateAnswer } from "./bench_daemon.ts";
import { BLOG, change, client, endOf, liveEnv, SECRET, set, values } from "./env_bench.ts";

function sentenceOf({ text }: GateAnswer): string {
  return JSON.parse(text).error.message;
}

Deno.test("a deploy whose Dockerfile takes a variable that is not stored is refused before a release is taken", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { TOKEN: "t" });
  const refused = await daemon.deploy(BLOG).catch((error) => error);
  assert(refused instanceof MyPaasError);
  assertEquals(
    refused.message,
    'Cannot deploy "blog": its Dockerfile takes "PASSWORD" from the service\'s store, which lacks it',
  );
  assertEquals(refused.hint, "mypaas env set blog PASSWORD");
  assertEquals(daemon.server.store.releases("blog", 9), []);
});

Deno.test("a release gets the Dockerfile's values and the stored ones; its spec has the names only", async () => {
  await using daemon = await BenchDaemon.start();
  const answer = await set(daemon, { PASSWORD: SECRET, TOKEN: "t", OTHER: "x" });
  assertEquals([answer.release, answer.deploy, answer.unused], [undefined, undefined, ["PASSWORD", "TOKEN", "OTHER"]]);
  await daemon.deploy(BLOG);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: SECRET, TOKEN: "t" });
  const { spec } = daemon.server.store.live("blog") ?? {};
  assertEquals(spec?.storedEnv, ["PASSWORD", "TOKEN"]);
  assertEquals(JSON.stringify(spec).includes(SECRET), false);
});

Deno.test("a stored value that is changed rolls out the same image without a build, and a push then changes nothing", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "old", TOKEN: "t" });
  await daemon.deploy(BLOG);
  const answer = await set(daemon, { PASSWORD: SECRET });
  assertEquals([answer.release, answer.deploy, answer.unused], [1, "blog.2", []]);
  const end = await endOf(daemon, answer.deploy);
  assertEquals(end?.kind, "live");
  const { store } = daemon.server;
  const [second, first] = store.releases("blog", 2);
  assertEquals([second?.imageId, second?.spec, second?.status], [first?.imageId, first?.spec, "live"]);
  assertEquals(second?.origin, { kind: "env", of: 1, names: ["PASSWORD"] });
  assertEquals(liveEnv(daemon)["PASSWORD"], SECRET);
  assertEquals(daemon.builds, ["blog:1"]);
  const [pushed] = await daemon.deploy(BLOG);
  assertEquals(pushed?.kind === "live" && pushed.alreadyLive, true);
});

Deno.test("--no-deploy only stores, and a push of the same files is a new release because of it", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "old", TOKEN: "t" });
  await daemon.deploy(BLOG);
  assertEquals((await set(daemon, { PASSWORD: "new" }, false)).deploy, undefined);
  assertEquals(liveEnv(daemon)["PASSWORD"], "old");
  const end = (await daemon.deploy(BLOG)).at(-1);
  assertEquals(end?.kind === "live" && [end.release, end.alreadyLive], [2, false]);
  assertEquals(liveEnv(daemon)["PASSWORD"], "new");
});

Deno.test("what the live release does not take, or has already, is stored and not rolled out", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  const unused = await set(daemon, { OTHER: "x", GREETING: "x" });
  assertEquals([unused.deploy, unused.unused], [undefined, ["OTHER", "GREETING"]]);
  assertEquals((await set(daemon, { PASSWORD: "p" })).deploy, undefined);
  assertEquals(daemon.server.store.releases("blog", 9).length, 1);
});

Deno.test("a change that was stored and not rolled out, as after a power cut, is rolled out when it is asked for again", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  await set(daemon, { PASSWORD: "new" }, false);
  await endOf(daemon, (await set(daemon, { PASSWORD: "new" })).deploy);
  assertEquals(liveEnv(daemon)["PASSWORD"], "new");
  await change(daemon, { unset: ["TOKEN"], deploy: false });
  await endOf(daemon, (await change(daemon, { unset: ["TOKEN"] })).deploy);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: "new" });
});

Deno.test("unset rolls out without the variable and says what the next push lacks", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  const answer = await change(daemon, { unset: ["TOKEN"] });
  assertEquals([answer.deploy, answer.lacking], ["blog.2", ["TOKEN"]]);
  await endOf(daemon, answer.deploy);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: "p" });
});

Deno.test("unset of what is not set changes nothing", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p" });
  const error = await change(daemon, { unset: ["PASSWORD", "NONE"] }).catch((error) => error);
  assertEquals(error.message, 'Cannot unset "NONE" of "blog": it is not set');
  assertEquals(daemon.env.values("blog").length, 1);
});

Deno.test("a roll-out that fails leaves the old release, and the value stays stored", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  daemon.server.runtime.behaviours.set(2, "exits");
  const end = await endOf(daemon, (await set(daemon, { PASSWORD: "wrong" })).deploy);
  assertEquals(end?.kind === "failed" && end.error.kind, "notReady");
  assertEquals([daemon.server.store.live("blog")?.number, liveEnv(daemon)["PASSWORD"]], [1, "p"]);
  assertEquals(await getEnv(client(daemon), { service: "blog", name: "PASSWORD" }), "wrong");
});

Deno.test("a change that cannot be rolled out says that it stays stored", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  await daemon.images.removeImage("blog", 1);
  const error = await set(daemon, { PASSWORD: "new" }).catch((error) => error);
  assertStringIncludes(error.message, "its image is gone");
  assertStringIncludes(error.hint, "The change stays stored: the next push takes it.");
  assertEquals(daemon.env.values("blog")[0]?.value, "new");
});

Deno.test("a change while a deploy is under way waits for it, and comes behind it", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const deploy = await daemon.submit(await daemon.request(BLOG));
  const answer = await set(daemon, { PASSWORD: "new" });
  assertEquals([answer.release, answer.deploy, answer.behind], [1, undefined, "blog.1"]);
  gate.resolve();
  await daemon.events(deploy);
  assertEquals(liveEnv(daemon)["PASSWORD"], "p");
  const again = await change(daemon, {});
  assertEquals([again.deploy, again.behind], ["blog.2", undefined]);
  await endOf(daemon, again.deploy);
  assertEquals(liveEnv(daemon)["PASSWORD"], "new");
});

Deno.test("a stopped service is not started by a change", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  daemon.server.store.setServiceState("blog", "stopped");
  const answer = await set(daemon, { PASSWORD: "new" });
  assertEquals([answer.stopped, answer.deploy], [true, undefined]);
  daemon.server.store.setServiceState("blog", "running");
});

Deno.test("rollback goes back over a changed value, and takes the old one", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "good", TOKEN: "t" });
  await daemon.deploy(BLOG);
  await endOf(daemon, (await set(daemon, { PASSWORD: "bad" })).deploy);
  const ann = await daemon.laptop();
  const { text } = await daemon.ask(ann, "POST /v1/services/blog/rollback", {});
  assertStringIncludes(text, '"kind":"live"');
  assertEquals(liveEnv(daemon)["PASSWORD"], "good");
  assertEquals(daemon.server.store.live("blog")?.origin, { kind: "rollback", of: 1 });
});

/** A change as a laptop sends it through the gate. */
async function signedChange(daemon: BenchDaemon, key: KeyPair, name: string, value: string) {
  const { serverId, sealingKey } = daemon.parts;
  const sealed = await seal(value, {
    reader: sealingKey.publicKey,
    context: envContext(serverId, "blog", name),
  });
  return { set: [{ name, value: sealed }], unset: [], deploy: true, key };
}

Deno.test("deploy may list, only admin may set and get, and only in its scope", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin" });
  const shop = await daemon.laptop({ name: "shop", role: "admin", scope: ["shop"] });
  const ann = await daemon.laptop({ scope: ["blog"] });
  const { key: _, ...body } = await signedChange(daemon, admin, "PASSWORD", SECRET);
  const { publicKey: reader } = await generateSealingKey();
  const statuses = async (key: KeyPair) => [
    (await daemon.ask(key, "POST /v1/services/blog/env", body)).status,
    (await daemon.ask(key, "POST /v1/services/blog/env/PASSWORD", { reader })).status,
    (await daemon.ask(key, "GET /v1/services/blog/env")).status,
  ];
  assertEquals(await statuses(admin), [200, 200, 200]);
  assertEquals(await statuses(ann), [401, 401, 200]);
  assertEquals(await statuses(shop), [401, 401, 401]);
});

Deno.test("list names, who and when, and hands out the sealing key, proved; get opens with the asker's key only", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ name: "admin", role: "admin" });
  const { key: _, ...body } = await signedChange(daemon, admin, "PASSWORD", SECRET);
  const answers = [await daemon.ask(admin, "POST /v1/services/blog/env", body)];
  const listed = await daemon.ask(admin, "GET /v1/services/blog/env");
  const { sealingKey, variables } = parseEnvListAnswer(JSON.parse(listed.text));
  assertEquals([listed.proved, sealingKey], [true, daemon.parts.sealingKey.publicKey]);
  assertEquals(variables.map(({ name, setBy }) => [name, setBy]), [["PASSWORD", `admin (${admin.id})`]]);
  const reader = await generateSealingKey();
  const got = await daemon.ask(admin, "POST /v1/services/blog/env/PASSWORD", { reader: reader.publicKey });
  const { value } = parseEnvGetAnswer(JSON.parse(got.text));
  assertEquals(await openSealed(value, { reader, context: envContext(daemon.serverId, "blog", "PASSWORD") }), SECRET);
  answers.push(listed, got);
  for (const { text } of answers) assertEquals(text.includes(SECRET), false);
});

Deno.test("a value that was sealed for another name or service is not stored", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ role: "admin" });
  const { set: [sealed] } = await signedChange(daemon, admin, "PASSWORD", SECRET);
  for (const [service, name] of [["blog", "OTHER"], ["shop", "PASSWORD"]]) {
    const body = { set: [{ ...sealed, name }], unset: [], deploy: true };
    const answer = await daemon.ask(admin, `POST /v1/services/${service}/env`, body);
    assertStringIncludes(sentenceOf(answer), "Cannot open a sealed value");
    assertEquals(daemon.env.values(service ?? ""), []);
  }
});

Deno.test("nothing that the receiver relays has a value in it, on either way", async () => {
  await using daemon = await BenchDaemon.start();
  const relayed: string[] = [];
  const receiver = new HandlerTransport(async (request) => {
    relayed.push(await request.clone().text());
    const response = await daemon.local(request);
    relayed.push(await response.clone().text());
    return response;
  });
  const connection = new Connection(receiver, { kind: "unsigned" }, () => new Date());
  await changeEnv(connection, { service: "blog", set: values({ PASSWORD: SECRET }), unset: [], deploy: true });
  assertEquals(await getEnv(connection, { service: "blog", name: "PASSWORD" }), SECRET);
  assertEquals(relayed.some((text) => text.includes("PASSWORD")), true);
  const encoded = new TextEncoder().encode(SECRET).toBase64({ omitPadding: true });
  for (const text of relayed) assertEquals(text.includes(SECRET) || text.includes(encoded), false);
});

Deno.test("the audit names who changed and read which variables, and never a value", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: SECRET, TOKEN: "t" });
  await change(daemon, { unset: ["TOKEN"] });
  await getEnv(client(daemon), { service: "blog", name: "PASSWORD" });
  await getEnv(client(daemon), { service: "blog", name: "NONE" }).catch(() => {});
  await listEnv(client(daemon), "blog");
  const lines = daemon.audit.lines(9).map(({ actor, action, subject, result }) => [actor, action, subject, result]);
  assertEquals(lines.toReversed(), [
    ["root@local", "env-set", "blog PASSWORD TOKEN", "ok"],
    ["root@local", "env-set", "blog TOKEN", "ok"],
    ["root@local", "env-get", "blog PASSWORD", "ok"],
    ["root@local", "env-get", "blog", 'Cannot read "NONE" of "blog": it is not set'],
  ]);
  assertEquals(JSON.stringify(lines).includes(SECRET), false);
});

Deno.test("a value that no container could have, or a name that no service has, is refused without being told", async () => {
  await using daemon = await BenchDaemon.start();
  const error = await set(daemon, { PASSWORD: `${SECRET}\0` }).catch((error) => error);
  assertEquals(error.message, 'Cannot set "PASSWORD" of "blog": its value has a NUL character');
  const service = await listEnv(client(daemon), "Blog").catch((error) => error);
  assertEquals(
    service.message,
    'Cannot read the name of the service: it must be the name of a service, not "Blog"',
  );
});
