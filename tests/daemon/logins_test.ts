import { assertEquals, assertStringIncludes } from "@std/assert";
import { proveLogin, signLogin, verifyLoginAnswer } from "../../src/auth/invite.ts";
import { generateKey, type KeyPair } from "../../src/auth/keys.ts";
import { newNonce } from "../../src/auth/request_signature.ts";
import { parseInviteLine } from "../../src/auth/server_line.ts";
import { errorOfResponse } from "../../src/wire/error_body.ts";
import { parseLoginAnswer } from "../../src/wire/answer_schemas.ts";
import type { InviteRequest, LoginRequest } from "../../src/wire/requests.ts";
import { BenchDaemon } from "./bench_daemon.ts";

const GUEST: InviteRequest = { name: "guest", role: "deploy", scope: ["blog"] };
const ADMIN: InviteRequest = { name: "admin", role: "admin", scope: ["*"] };

/** Makes an invite on the server, and reads its line. */
function invite(daemon: BenchDaemon, request: InviteRequest = GUEST) {
  return parseInviteLine(daemon.parts.logins.invite({ kind: "local", name: "root@local" }, request).line);
}

/** What a laptop sends for an invite. */
async function loginOf({ id, secret, serverId }: ReturnType<typeof invite>, key: KeyPair): Promise<LoginRequest> {
  const claim = { invite: id, publicKey: key.publicKey, nonce: newNonce() };
  return {
    ...claim,
    proof: await proveLogin(claim, { serverId, secret }),
    signature: await signLogin(claim, { serverId, key }),
  };
}

function send({ gate }: BenchDaemon, login: object): Promise<Response> {
  const headers = { "mypaas-client-address": "203.0.113.9" };
  return gate(new Request("http://daemon/v1/login", { method: "POST", headers, body: JSON.stringify(login) }));
}

/** Sends a login that must be refused: 401 and one audit line. @returns its sentence */
async function refused(daemon: BenchDaemon, login: LoginRequest): Promise<string> {
  const response = await send(daemon, login);
  assertEquals(response.status, 401);
  const { message } = await errorOfResponse(response);
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.actor, line?.address, line?.action, line?.subject, line?.result], [
    "unknown",
    "203.0.113.9",
    "login",
    login.invite,
    message,
  ]);
  return message;
}

Deno.test("a login registers the key with what the invite gives, proves the answer, and is audited", async () => {
  await using daemon = await BenchDaemon.start();
  const [line, key] = [invite(daemon), await generateKey()];
  const request = await loginOf(line, key);
  const response = await send(daemon, request);
  assertEquals(response.status, 200);
  const answer = parseLoginAnswer(await response.json());
  assertEquals([answer.key, answer.name, answer.role, answer.scope], [key.id, "guest", "deploy", ["blog"]]);
  await verifyLoginAnswer(answer, { serverId: daemon.serverId, secret: line.secret, request });
  const [audit] = daemon.audit.lines(1);
  assertEquals([audit?.actor, audit?.action, audit?.subject, audit?.result], [
    `guest (${key.id})`,
    "login",
    line.id,
    "ok",
  ]);
  assertEquals((await daemon.ask(key, "GET /v1/services")).status, 200);
});

Deno.test("an invite is used once, also when two come at the same time", async () => {
  await using daemon = await BenchDaemon.start();
  const line = invite(daemon);
  const logins = [await loginOf(line, await generateKey()), await loginOf(line, await generateKey())];
  const responses = await Promise.all(logins.map((login) => send(daemon, login)));
  assertEquals(responses.map(({ status }) => status).sort(), [200, 401]);
  assertEquals(daemon.keys.keys().length, 1);
  const third = await loginOf(line, await generateKey());
  assertEquals(await refused(daemon, third), "Cannot log in: the invite was used before");
});

Deno.test("an invite that is over or unknown is refused", async () => {
  await using daemon = await BenchDaemon.start();
  const line = invite(daemon);
  const login = await loginOf(line, await generateKey());
  assertEquals(
    await refused(daemon, { ...login, invite: "0".repeat(16) }),
    "Cannot log in: the invite is not known to this server",
  );
  daemon.now = () => new Date(Date.now() + 16 * 60_000);
  assertStringIncludes(await refused(daemon, login), "Cannot log in: the invite ended at ");
});

Deno.test("whoever does not know the secret is refused, and the invite can still be used", async () => {
  await using daemon = await BenchDaemon.start();
  const [line, key] = [invite(daemon), await generateKey()];
  const guessed = await loginOf({ ...line, secret: "A".repeat(22) }, key);
  assertEquals(await refused(daemon, guessed), "Cannot log in: the proof of the invite is wrong");
  assertEquals((await send(daemon, await loginOf(line, key))).status, 200);
});

Deno.test("a guest cannot register the public key of an admin, whose rights stay as they are", async () => {
  await using daemon = await BenchDaemon.start();
  const [admin, guest] = [await generateKey(), await generateKey()];
  await send(daemon, await loginOf(invite(daemon, ADMIN), admin));
  const line = invite(daemon);
  const { publicKey } = admin;
  const sentence = "Cannot log in: it is not signed with the private key of the public key that it registers";
  // All that a guest has: the invite, and a private key of another public key.
  const stolen = await loginOf(line, { ...guest, publicKey });
  assertEquals(await refused(daemon, stolen), sentence);
  assertEquals(await refused(daemon, { ...stolen, signature: "A".repeat(86) }), sentence);
  const key = daemon.keys.key(admin.id);
  assertEquals([key?.role, key?.scope, key?.name], ["admin", ["*"], "admin"]);
  assertEquals((await send(daemon, await loginOf(line, guest))).status, 200, "the invite can still be used");
});

Deno.test("a signature that an admin made for one login does not serve another", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await generateKey();
  const seen = await loginOf(invite(daemon, ADMIN), admin);
  await send(daemon, seen);
  const { id, secret, serverId } = invite(daemon);
  const claim = { invite: id, publicKey: admin.publicKey, nonce: seen.nonce };
  const replayed = { ...claim, signature: seen.signature, proof: await proveLogin(claim, { serverId, secret }) };
  assertStringIncludes(await refused(daemon, replayed), "it is not signed with the private key");
  assertEquals(daemon.keys.key(admin.id)?.role, "admin");
});

Deno.test("another public key of a known id is refused, and the invite can still be used", async () => {
  await using daemon = await BenchDaemon.start();
  const key = await generateKey();
  const { publicKey } = await generateKey();
  const at = new Date().toISOString();
  daemon.keys.redeem("no invite", { id: key.id, publicKey, ...ADMIN, createdAt: at });
  const line = invite(daemon);
  assertStringIncludes(await refused(daemon, await loginOf(line, key)), `registered under the id "${key.id}"`);
  assertEquals([daemon.keys.key(key.id)?.publicKey, daemon.keys.key(key.id)?.role], [publicKey, "admin"]);
  assertEquals((await send(daemon, await loginOf(line, await generateKey()))).status, 200);
});

Deno.test("a login without a signature is refused before anything is looked at", async () => {
  await using daemon = await BenchDaemon.start();
  const { signature: _, ...login } = await loginOf(invite(daemon), await generateKey());
  const response = await send(daemon, login);
  assertEquals(response.status, 400);
  assertEquals((await errorOfResponse(response)).message, 'Cannot read the login request: "signature" is missing');
  assertEquals(daemon.keys.keys(), []);
});

Deno.test("a revoked key can log in again with a new invite", async () => {
  await using daemon = await BenchDaemon.start();
  const key = await generateKey();
  await send(daemon, await loginOf(invite(daemon, ADMIN), key));
  daemon.keys.revoke(key.id, new Date().toISOString());
  await send(daemon, await loginOf(invite(daemon), key));
  const stored = daemon.keys.key(key.id);
  assertEquals([stored?.revokedAt, stored?.role, stored?.scope], [undefined, "deploy", ["blog"]]);
});
