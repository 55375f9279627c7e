import { assert, assertEquals, assertFalse, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { fromBase64Url, toBase64Url } from "../../src/auth/base64url.ts";
import { exportPrivateKey, generateKey, importPrivateKey, isSignedBy, keyId } from "../../src/auth/keys.ts";
import { MyPaasError } from "../../src/error.ts";

Deno.test("a key comes back from its text the same", async () => {
  const key = await generateKey();
  const again = await importPrivateKey(`${await exportPrivateKey(key)}\n`);
  assertEquals([again.id, again.publicKey], [key.id, key.publicKey]);
  const data = new TextEncoder().encode("hello");
  assert(await isSignedBy(key.publicKey, { data, signature: await again.sign(data) }));
});

Deno.test("importPrivateKey() derives the public key of RFC 8410's example", async () => {
  const key = await importPrivateKey("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp-K06_nwoy_HU--CXqI9EdVhC");
  assertEquals(
    key.publicKey,
    toBase64Url(Uint8Array.fromHex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")),
  );
});

Deno.test("keyId() is the start of the SHA-256 of the raw public key", async () => {
  const publicKey = toBase64Url(new Uint8Array(32));
  assertEquals(await keyId(publicKey), "66687aadf862bd77");
});

Deno.test("isSignedBy() is false for another key, other data, another signature", async () => {
  const [key, other] = [await generateKey(), await generateKey()];
  const data = new TextEncoder().encode("hello");
  const signature = await key.sign(data);
  assertFalse(await isSignedBy(other.publicKey, { data, signature }));
  assertFalse(await isSignedBy(key.publicKey, { data: data.slice(1), signature }));
  assertFalse(await isSignedBy(key.publicKey, { data, signature: signature.slice(1) }));
});

Deno.test("importPrivateKey() refuses what is no key, without repeating it", async () => {
  const error = await assertRejects(() => importPrivateKey("AAAAsecret"), MyPaasError);
  assertMatch(error.message, /^Cannot read the private key: it must be an ed25519 key/);
  assertNotMatch(error.message, /secret/);
});

Deno.test("keyId() refuses a public key of another length", async () => {
  await assertRejects(() => keyId("AAAA"), MyPaasError, 'Cannot read the public key "AAAA": it must be 32 bytes');
});

Deno.test("fromBase64Url() takes one way of writing only", () => {
  assertEquals(fromBase64Url("_-8"), Uint8Array.of(0xff, 0xef));
  for (const text of ["_-8=", "/+8", "_-9", " _-8", "_-8\n", "_"]) assertEquals(fromBase64Url(text), undefined, text);
  assertEquals(fromBase64Url("_-8", 3), undefined);
});
