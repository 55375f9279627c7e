import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { generateKey, type KeyPair } from "../../src/auth/keys.ts";
import { verifyEvent } from "../../src/auth/proof.ts";
import { newNonce } from "../../src/auth/request_signature.ts";
import { MyPaasError } from "../../src/error.ts";
import { errorOfResponse } from "../../src/wire/error_body.ts";
import { BenchDaemon, dockerfile, type GateAnswer } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example") };
const SERVICES = "GET /v1/services";

/** The message of a refusal. */
function message({ text }: GateAnswer): string {
  return JSON.parse(text).error.message;
}

/** Sends to the gate what must be refused: 401, without a proof, and with one audit line. @returns its sentence */
async function refused(daemon: BenchDaemon, request: Request): Promise<string> {
  const before = daemon.audit.lines(99).reduce((sum, { count }) => sum + count, 0);
  const response = await daemon.gate(request);
  assertEquals([response.status, response.headers.has("mypaas-proof")], [401, false]);
  const { message } = await errorOfResponse(response);
  const line = daemon.audit.lines(99).find(({ result }) => result === message);
  assertEquals(line?.actor, "unknown");
  assertEquals(daemon.audit.lines(99).reduce((sum, { count }) => sum + count, 0), before + 1);
  return message;
}

Deno.test("hello is open to all, over both doors", async () => {
  await using daemon = await BenchDaemon.start();
  for (const door of [daemon.gate, daemon.local]) {
    const answer = await (await door(new Request("http://daemon/v1/hello"))).json();
    assertEquals([answer.serverId, answer.version], [daemon.serverId, "0.1.0"]);
  }
});

Deno.test("over the gate nothing unsigned is done", async () => {
  await using daemon = await BenchDaemon.start();
  const body = JSON.stringify(await daemon.request(BLOG));
  const requests = [
    new Request("http://daemon/v1/services"),
    new Request("http://daemon/v1/services/blog/logs"),
    new Request("http://daemon/v1/deploys/blog.1/events"),
    new Request("http://daemon/v1/deploy?service=blog", { method: "POST", body }),
    new Request("http://daemon/v1/invites", { method: "POST", body: "{}" }),
    new Request("http://daemon/v1/keys"),
    new Request("http://daemon/v1/keys/0011223344556677", { method: "DELETE" }),
  ];
  for (const request of requests) {
    assertEquals(await refused(daemon, request), "Cannot accept the request: it is not signed");
  }
  assertEquals(daemon.builds, []);
});

Deno.test("the audit names where a refused request came from, as the receiver says", async () => {
  await using daemon = await BenchDaemon.start();
  const headers = { "mypaas-client-address": "203.0.113.9" };
  await refused(daemon, new Request("http://daemon/v1/keys", { headers }));
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.address, line?.action], ["203.0.113.9", "GET /v1/keys"]);
  const odd = { "mypaas-client-address": "root@local, 203.0.113.9" };
  await refused(daemon, new Request("http://daemon/v1/keys", { headers: odd }));
  assertEquals(daemon.audit.lines(1)[0]?.address, "unknown");
});

Deno.test("over daemon.sock nothing has to be signed, and root is audited", async () => {
  await using daemon = await BenchDaemon.start();
  const response = await daemon.local(new Request("http://daemon/v1/keys"));
  assertEquals([response.status, response.headers.has("mypaas-proof"), await response.json()], [200, false, []]);
  const body = JSON.stringify(await daemon.request(BLOG));
  const deployed = await daemon.local(new Request("http://daemon/v1/deploy?service=blog", { method: "POST", body }));
  const lines = (await deployed.text()).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([lines.at(-1).kind, lines.some((line) => "proof" in line)], ["live", false]);
  const [audit] = daemon.audit.lines(1);
  assertEquals([audit?.actor, audit?.address, audit?.action, audit?.subject, audit?.result], [
    "root@local",
    "local",
    "deploy",
    "blog",
    "ok",
  ]);
});

Deno.test("over daemon.sock the relay says who came in over ssh; over the gate nobody may say that", async () => {
  await using daemon = await BenchDaemon.start();
  const request = (user: string) => {
    const headers = { "mypaas-ssh-user": user, "mypaas-client-address": "203.0.113.9" };
    return new Request("http://daemon/v1/services/none/restart", { method: "POST", headers });
  };
  const audited = () => daemon.audit.lines(1).map(({ actor, address }) => [actor, address])[0];
  await (await daemon.local(request("ann"))).text();
  assertEquals(audited(), ["ann@ssh", "203.0.113.9"]);
  await (await daemon.local(request("a b"))).text();
  assertEquals(audited(), ["root@local", "203.0.113.9"]);
  await refused(daemon, request("root"));
  assertEquals(audited(), ["unknown", "203.0.113.9"]);
});

Deno.test("daemon.sock serves uploads itself; the gate leaves them to the receiver", async () => {
  await using daemon = await BenchDaemon.start();
  const missing = (door: (request: Request) => Promise<Response>, query: string) =>
    door(new Request(`http://daemon/v1/missing${query}`, { method: "POST", body: '{"digests":[]}' }));
  assertEquals(await (await missing(daemon.local, "?service=blog")).json(), { missing: [] });
  assertStringIncludes((await errorOfResponse(await missing(daemon.local, ""))).message, "does not name a service");
  assertStringIncludes(
    (await errorOfResponse(await missing(daemon.gate, "?service=blog"))).message,
    "does not know it",
  );
});

Deno.test("a signed request is answered, and the answer is proved", async () => {
  await using daemon = await BenchDaemon.start();
  const answer = await daemon.ask(await daemon.laptop(), SERVICES);
  assertEquals([answer.status, answer.text, answer.proved], [200, "[]", true]);
});

Deno.test("a key that is unknown, revoked, or another one's id is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const stranger = await generateKey();
  const unknown = `Cannot accept the request: the key "${stranger.id}" is not known to this server, or was revoked`;
  assertEquals(await refused(daemon, await daemon.signed(stranger, SERVICES)), unknown);
  const ann = await daemon.laptop();
  const forged: KeyPair = { ...stranger, id: ann.id };
  assertStringIncludes(await refused(daemon, await daemon.signed(forged, SERVICES)), "its signature is wrong");
  daemon.keys.revoke(ann.id, new Date().toISOString());
  assertStringIncludes(await refused(daemon, await daemon.signed(ann, SERVICES)), "or was revoked");
});

Deno.test("a request is taken once, for this server, and not long after it was made", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const nonce = newNonce();
  const request = await daemon.signed(ann, SERVICES, { nonce });
  assertEquals((await daemon.gate(request.clone())).status, 200);
  const replayed = "Cannot accept the request: it was sent before";
  assertEquals(await refused(daemon, request), replayed);
  assertEquals(await refused(daemon, await daemon.signed(ann, "GET /v1/keys", { nonce })), replayed);
  const foreign = await daemon.signed(ann, SERVICES, { serverId: "f".repeat(32) });
  assertStringIncludes(await refused(daemon, foreign), "it is signed for another server");
  const late = await daemon.signed(ann, SERVICES);
  daemon.now = () => new Date(Date.now() + 120_000);
  assertStringIncludes(await refused(daemon, late), "behind the server's");
});

Deno.test("a request whose path or query was changed is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const { headers } = await daemon.signed(ann, "GET /v1/services/blog/logs?tail=1");
  for (const path of ["/v1/services/shop/logs?tail=1", "/v1/services/blog/logs?tail=2", "/v1/services/blog/logs"]) {
    const request = new Request(`http://daemon${path}`, { headers });
    assertStringIncludes(await refused(daemon, request), "its signature is wrong");
  }
});

Deno.test("what was done is told, and what was refused, also when the disk takes no line about it", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.audit.write = () => {
    throw new MyPaasError("Cannot write the state: the disk is full");
  };
  const body = JSON.stringify(await daemon.request(BLOG));
  const deployed = await daemon.local(new Request("http://daemon/v1/deploy?service=blog", { method: "POST", body }));
  assertEquals(JSON.parse((await deployed.text()).trim().split("\n").at(-1) ?? "").kind, "live");
  const wrong = await daemon.local(new Request("http://daemon/v1/services/none/restart", { method: "POST" }));
  assertStringIncludes(await wrong.text(), "none");
  assertEquals(daemon.logged.filter((line) => line.startsWith("audit: ")), [
    "audit: root@local deploy blog: Cannot write the state: the disk is full",
    "audit: root@local restart none: Cannot write the state: the disk is full",
  ]);
});

Deno.test("a changed body is refused, audited under the key's name, and nothing is built", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const json = await daemon.request(BLOG);
  const { url, headers } = await daemon.signed(ann, "POST /v1/deploy?service=blog", { json });
  const body = JSON.stringify({ ...json, force: true });
  const response = await daemon.gate(new Request(url, { method: "POST", headers, body }));
  const sentence = "Cannot accept the request: its body is not the one that was signed";
  assertEquals([response.status, (await errorOfResponse(response)).message], [401, sentence]);
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.actor, line?.action, line?.subject, line?.result], [
    `ann (${ann.id})`,
    "deploy",
    "blog",
    sentence,
  ]);
  assertEquals([daemon.builds, daemon.server.store.services()], [[], []]);
});

Deno.test("a body whose digest is not signed is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const { url, headers } = await daemon.signed(ann, "POST /v1/invites", { streamed: true });
  const request = new Request(url, { method: "POST", headers, body: "{}" });
  assertStringIncludes(await refused(daemon, request), 'it has no "content-digest" header');
});

Deno.test("a body that somebody gave to a request without one is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const { url, headers } = await daemon.signed(await daemon.laptop(), "POST /v1/services/blog/restart");
  const response = await daemon.gate(new Request(url, { method: "POST", headers, body: "{}" }));
  assertEquals(response.status, 401);
  assertStringIncludes(await response.text(), "Cannot accept the request: its body is not the one that was signed");
});

Deno.test("what a key may not do is refused with a proved sentence, and audited", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop({ scope: ["shop"] });
  const json = await daemon.request(BLOG);
  for (
    const [where, action, subject] of [
      ["POST /v1/deploy?service=blog", "deploy", "blog"],
      ["GET /v1/services/blog/logs", "logs", "blog"],
      ["GET /v1/deploys/blog.1/events", "events", "blog"],
      ["GET /v1/keys", "keys-list", ""],
      [`DELETE /v1/keys/${ann.id}`, "keys-revoke", ""],
      ["POST /v1/invites", "invite", ""],
    ] as const
  ) {
    const answer = await daemon.ask(ann, where, where.startsWith("POST") ? json : undefined);
    assertEquals([answer.status, answer.proved], [401, true], where);
    assertStringIncludes(message(answer), `the key "ann" (${ann.id}) has the role "deploy"`);
    const [line] = daemon.audit.lines(1);
    assertEquals([line?.actor, line?.action, line?.subject], [`ann (${ann.id})`, action, subject]);
  }
  assertEquals([daemon.builds, daemon.keys.key(ann.id)?.revokedAt], [[], undefined]);
});

Deno.test("a deploy for a service in the query that is not the one in the body is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const answer = await daemon.ask(
    await daemon.laptop({ scope: ["shop"] }),
    "POST /v1/deploy?service=shop",
    await daemon.request(BLOG),
  );
  assertEquals(message(answer), 'Cannot deploy "blog": the request is for the service "shop"');
});

Deno.test("the failure of an accepted request is proved, a bug keeps its words to itself", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const failed = await daemon.ask(ann, "GET /v1/services/blog/logs");
  assertEquals([failed.status, failed.proved, message(failed)], [
    500,
    true,
    'Cannot show the log of "blog": there is no such service',
  ]);
  daemon.server.runtime.glance = () => Promise.reject(new TypeError("secret"));
  const bug = await daemon.ask(ann, SERVICES);
  assertEquals([bug.status, bug.proved], [500, true]);
  assertEquals(message(bug), "Cannot answer: the server has a bug, its log says more");
  assertStringIncludes(daemon.logged.join(), "TypeError: secret");
});

Deno.test("of a deploy's events `accepted` and the end are proved, each for this request only", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  const { text, status, context } = await daemon.ask(
    ann,
    "POST /v1/deploy?service=blog",
    await daemon.request(BLOG),
  );
  assertEquals(status, 200);
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  const proved = lines.filter((line) => "proof" in line);
  assertEquals(proved.map(({ kind }) => kind), ["accepted", "live"]);
  assertEquals(lines.at(-1), proved.at(-1));
  for (const line of proved) {
    await verifyEvent(line, context);
    await assertRejects(() => verifyEvent(line, { ...context, nonce: newNonce() }), MyPaasError, "not proved");
  }
  assertEquals(daemon.server.store.live("blog")?.by, `ann (${ann.id})`);
});

Deno.test("a path that nobody serves is answered with a sentence, and from outside it is one line of the audit", async () => {
  await using daemon = await BenchDaemon.start();
  for (
    const [method, path] of [["GET", "/v1/nothing"], ["POST", "/v1/services"], ["GET", "/"], ["GET", "/v1/verify"]]
  ) {
    for (const door of [daemon.gate, daemon.local]) {
      const response = await door(new Request(`http://daemon${path}`, { method: method ?? "" }));
      assertEquals(response.status, 400);
      const error = await errorOfResponse(response);
      assertEquals(error.message, `Cannot answer ${method} ${path}: this server does not know it`);
      assert(error.hint?.includes("mypaas version"));
    }
  }
  const lines = daemon.audit.lines(99).map(({ actor, action, count }) => [actor, action, count]);
  assertEquals(lines, [["unknown", "a request that is not served", 4]]);
});
