import { assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  checkInvite,
  newInvite,
  proveLogin,
  proveLoginAnswer,
  signLogin,
  verifyLogin,
  verifyLoginAnswer,
} from "../../src/auth/invite.ts";
import { generateKey } from "../../src/auth/keys.ts";
import { AuthError, MyPaasError } from "../../src/error.ts";
import type { LoginAnswer, LoginRequest } from "../../src/wire/requests.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const serverId = "0123456789abcdef0123456789abcdef";
const secret = "c2VjcmV0c2VjcmV0c2VjIQ";
const otherSecret = "AAAAAAAAAAAAAAAAAAAAAA";
const key = await generateKey();
const otherKey = await generateKey();
const request = {
  invite: "00112233aabbccdd",
  publicKey: key.publicKey,
  nonce: "ffeeddccbbaa99887766554433221100",
};
const registered: Omit<LoginAnswer, "proof"> = {
  key: "0011223344556677",
  name: "laptop",
  role: "deploy",
  scope: ["blog", "shop"],
};

Deno.test("newInvite() makes another id and secret each time, and ends after 15 minutes", () => {
  const [first, second] = [newInvite(NOW), newInvite(NOW)];
  assertMatch(first.id, /^[0-9a-f]{16}$/);
  assertMatch(first.secret, /^[\w-]{22}$/);
  assertNotEquals([first.id, first.secret], [second.id, second.secret]);
  assertEquals(first.expiresAt.toISOString(), "2026-11-22T10:15:00.000Z");
});

Deno.test("checkInvite() gives back an invite that can be used, to its last moment", () => {
  const invite = { id: "x", expiresAt: "2026-11-22T10:00:00.001Z", usedAt: undefined };
  assertEquals(checkInvite(invite, NOW), invite);
});

Deno.test("checkInvite() refuses an invite that is unknown, used or over", () => {
  const expiresAt = "2026-11-22T10:00:00.000Z";
  const usedAt = "2026-11-22T09:59:00.000Z";
  const refuse = (invite: Parameters<typeof checkInvite>[0], sentence: string) =>
    assertEquals(assertThrows(() => checkInvite(invite, NOW), AuthError).message, `Cannot log in: ${sentence}`);
  refuse(undefined, "the invite is not known to this server");
  refuse({ expiresAt, usedAt }, "the invite was used before");
  refuse({ expiresAt, usedAt: undefined }, `the invite ended at ${expiresAt}`);
  refuse({ expiresAt: "never", usedAt: undefined }, "the invite ended at never");
});

Deno.test("proveLogin() is the HMAC-SHA-256 of a JSON list", async () => {
  const text = JSON.stringify(["mypaas login v1", serverId, request.invite, request.publicKey, request.nonce]);
  const bytes = Uint8Array.fromBase64(secret, { alphabet: "base64url" });
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  assertEquals(await proveLogin(request, { serverId, secret }), mac.toHex());
});

Deno.test("signLogin() is the ed25519 signature of a JSON list", async () => {
  const text = JSON.stringify(["mypaas login key v1", serverId, request.invite, request.publicKey, request.nonce]);
  const signature = await key.sign(new TextEncoder().encode(text));
  assertEquals(
    await signLogin(request, { serverId, key }),
    signature.toBase64({ alphabet: "base64url", omitPadding: true }),
  );
});

/** What a laptop sends that knows the secret and has the private key. */
async function goodLogin(): Promise<LoginRequest> {
  const proof = await proveLogin(request, { serverId, secret });
  return { ...request, proof, signature: await signLogin(request, { serverId, key }) };
}

Deno.test("verifyLogin() takes the proof of who knows the secret and has the private key", async () => {
  await verifyLogin(await goodLogin(), { serverId, secret });
});

Deno.test("verifyLogin() refuses another secret, server, invite, key or nonce, and no proof", async () => {
  const good = await goodLogin();
  const { proof } = good;
  const refuse = async (change: object, options: object = {}) => {
    const check = () => verifyLogin({ ...good, ...change }, { serverId, secret, ...options });
    const error = await assertRejects(check, AuthError);
    assertEquals(error.message, "Cannot log in: the proof of the invite is wrong");
  };
  await refuse({}, { secret: otherSecret });
  await refuse({}, { serverId: "f".repeat(32) });
  await refuse({ invite: "1".repeat(16) });
  await refuse({ publicKey: otherKey.publicKey });
  await refuse({ nonce: "2".repeat(32) });
  await refuse({ proof: "" });
  await refuse({ proof: proof.slice(2) });
  await refuse({ proof: "0".repeat(64) });
});

Deno.test("verifyLogin() refuses a public key whose private key the laptop did not sign with", async () => {
  const refuse = async (change: Partial<LoginRequest>) => {
    const claim = { ...request, ...change };
    const proof = await proveLogin(claim, { serverId, secret });
    const login = { ...await goodLogin(), ...claim, proof };
    const error = await assertRejects(() => verifyLogin(login, { serverId, secret }), AuthError);
    assertEquals(
      error.message,
      "Cannot log in: it is not signed with the private key of the public key that it registers",
    );
  };
  await refuse({ publicKey: otherKey.publicKey });
  await refuse({ publicKey: "_".repeat(42) + "8" });
  await refuse({ invite: "1".repeat(16) });
  await refuse({ nonce: "2".repeat(32) });
  await refuse({ signature: "" });
  await refuse({ signature: "A".repeat(86) });
  await refuse({ signature: await signLogin(request, { serverId, key: otherKey }) });
  await refuse({ signature: await signLogin(request, { serverId: "f".repeat(32), key }) });
});

Deno.test("verifyLoginAnswer() takes the answer of the server that made the invite", async () => {
  const context = { serverId, secret, request };
  await verifyLoginAnswer({ ...registered, proof: await proveLoginAnswer(registered, context) }, context);
});

Deno.test("verifyLoginAnswer() refuses every changed field, and the laptop's own proof", async () => {
  const context = { serverId, secret, request };
  const proof = await proveLoginAnswer(registered, context);
  const refuse = async (change: object, other: object = {}) => {
    const check = () => verifyLoginAnswer({ ...registered, proof, ...change }, { ...context, ...other });
    const error = await assertRejects(check, MyPaasError);
    assertMatch(error.message, /^Cannot trust the login: result not proved, /);
    assertEquals(error.kind, "failed");
  };
  await refuse({ key: "7".repeat(16) });
  await refuse({ name: "other" });
  await refuse({ role: "admin" });
  await refuse({ scope: ["blog"] });
  await refuse({ scope: ["blog,shop"] });
  await refuse({ proof: await proveLogin(request, { serverId, secret }) });
  await refuse({}, { secret: otherSecret });
  await refuse({}, { serverId: "f".repeat(32) });
  await refuse({}, { request: { ...request, nonce: "2".repeat(32) } });
  await refuse({}, { request: { ...request, publicKey: otherKey.publicKey } });
});
