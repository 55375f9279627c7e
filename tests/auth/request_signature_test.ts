import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkContentDigest, contentDigest } from "../../src/auth/content_digest.ts";
import { generateKey, isSignedBy, type KeyPair } from "../../src/auth/keys.ts";
import { refuseReplay } from "../../src/auth/nonces.ts";
import {
  newNonce,
  type RequestParts,
  signRequest,
  verifyRequest,
  type VerifyRequestOptions,
} from "../../src/auth/request_signature.ts";
import { AuthError } from "../../src/error.ts";
import { MemoryNonces } from "../fakes/memory_nonces.ts";

const SERVER = "0123456789abcdef0123456789abcdef";
const NONCE = "00112233445566778899aabbccddeeff";
const NOW = new Date("2026-11-22T10:00:00.700Z");
const SECONDS = 1795341600;
const BODY = new TextEncoder().encode('{"digests":[]}');
const REQUEST = { method: "POST", path: "/v1/missing", query: "?service=blog" };
const KEY = await generateKey();

interface Change {
  readonly request?: Partial<RequestParts>;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly key?: KeyPair;
  readonly signedAt?: Date;
  readonly nonce?: string;
  readonly headers?: (headers: Headers) => void;
  readonly verify?: Partial<VerifyRequestOptions>;
}

/** Signs a good request, changes something, and verifies it. */
async function signAndVerify(change: Change = {}) {
  const signed = await signRequest(
    { ...REQUEST, body: "body" in change ? change.body : BODY },
    change.key ?? KEY,
    { serverId: SERVER, now: change.signedAt ?? NOW, nonce: change.nonce ?? NONCE },
  );
  const headers = new Headers(signed);
  change.headers?.(headers);
  return await verifyRequest({ ...REQUEST, ...change.request, headers }, {
    serverId: SERVER,
    now: NOW,
    bodyDigest: true,
    publicKeyOf: (id) => id === KEY.id ? KEY.publicKey : undefined,
    ...change.verify,
  });
}

function refused(name: string, change: Change, sentence: string): void {
  Deno.test(`verifyRequest() refuses ${name}`, async () => {
    const error = await assertRejects(() => signAndVerify(change), AuthError);
    assertEquals(error.message, `Cannot accept the request: ${sentence}`);
  });
}

function edit(name: string, from: string | RegExp, to: string): Pick<Change, "headers"> {
  return {
    headers: (headers) => {
      const before = headers.get(name) ?? "";
      const after = before.replace(from, to);
      assert(before !== after, `nothing to change in ${before}`);
      headers.set(name, after);
    },
  };
}

Deno.test("verifyRequest() tells who signed, the nonce and the second", async () => {
  assertEquals(await signAndVerify(), { keyId: KEY.id, nonce: NONCE, created: SECONDS });
});

Deno.test("verifyRequest() takes a streamed body without a digest where none is asked for", async () => {
  const { keyId } = await signAndVerify({ body: undefined, verify: { bodyDigest: false } });
  assertEquals(keyId, KEY.id);
});

Deno.test("verifyRequest() takes a request without a query", async () => {
  const parts = { method: "GET", path: "/v1/services/a%20b", query: "" };
  const options = { serverId: SERVER, now: NOW, nonce: newNonce() };
  const headers = new Headers(await signRequest(parts, KEY, options));
  const { nonce } = await verifyRequest({ ...parts, headers }, {
    ...options,
    bodyDigest: false,
    publicKeyOf: () => Promise.resolve(KEY.publicKey),
  });
  assertEquals(nonce, options.nonce);
});

Deno.test("signRequest() signs the base of RFC 9421", async () => {
  const headers = await signRequest({ ...REQUEST, body: BODY }, KEY, { serverId: SERVER, now: NOW, nonce: NONCE });
  const params = '("@method" "@path" "@query" "mypaas-server" "content-digest")' +
    `;created=${SECONDS};nonce="${NONCE}";keyid="${KEY.id}";alg="ed25519";tag="mypaas"`;
  assertEquals(headers["signature-input"], `sig=${params}`);
  const base = [
    '"@method": POST',
    '"@path": /v1/missing',
    '"@query": ?service=blog',
    `"mypaas-server": ${SERVER}`,
    `"content-digest": ${await contentDigest(BODY)}`,
    `"@signature-params": ${params}`,
  ].join("\n");
  const signature = Uint8Array.fromBase64(/^sig=:(.*):$/.exec(headers["signature"] ?? "")?.[1] ?? "");
  assert(await isSignedBy(KEY.publicKey, { data: new TextEncoder().encode(base), signature }));
});

refused("an unsigned request", { headers: (headers) => headers.delete("signature") }, "it is not signed");
refused(
  "a signature without its input",
  { headers: (headers) => headers.delete("signature-input") },
  "it is not signed",
);
refused("empty signature headers", {
  headers: (headers) => {
    headers.set("signature", "");
    headers.set("signature-input", "");
  },
}, "it is not signed");
refused("two signatures", {
  headers: (headers) => {
    headers.append("signature", headers.get("signature")?.replace("sig=", "other=") ?? "");
    headers.append("signature-input", headers.get("signature-input")?.replace("sig=", "other=") ?? "");
  },
}, "it has more than one signature");
refused("a second signature that no input belongs to", {
  headers: (headers) => headers.append("signature", "other=:AAAA:"),
}, "it has more than one signature");
refused("a malformed signature", edit("signature", /:.*:/, "1"), "its signature is malformed");
refused("a malformed input", edit("signature-input", "(", "(("), "its signature is malformed");
refused("a signature under another name", edit("signature", "sig=", "other="), "its signature is malformed");

const other = await generateKey();
refused("an unknown key", { key: other }, `the key "${other.id}" is not known to this server, or was revoked`);
refused("the key id of somebody else", {
  key: { ...other, id: KEY.id },
}, "its signature is wrong");

refused("another server", { verify: { serverId: "f".repeat(32) } }, "it is signed for another server");
refused(
  "a server named after signing",
  edit("mypaas-server", /^.*$/, SERVER.replace("0", "1")),
  "it is signed for another server",
);
refused("no server", { headers: (headers) => headers.delete("mypaas-server") }, 'it has no "mypaas-server" header');
refused(
  "two servers",
  { headers: (headers) => headers.append("mypaas-server", SERVER) },
  "it is signed for another server",
);

refused(
  "an old request",
  { signedAt: new Date("2026-11-22T09:58:59Z") },
  "the clock of who asks is 61 s behind the server's, allowed are 60 s",
);
refused(
  "a request of the future",
  { signedAt: new Date("2026-11-22T10:01:01Z") },
  "the clock of who asks is 61 s ahead of the server's, allowed are 60 s",
);
Deno.test("verifyRequest() takes 60 s in both directions, whole seconds of either clock", async () => {
  await signAndVerify({ signedAt: new Date("2026-11-22T09:59:00.000Z") });
  await signAndVerify({ signedAt: new Date("2026-11-22T10:01:00.999Z") });
});

refused("another method", { request: { method: "PUT" } }, "its signature is wrong");
refused("another path", { request: { path: "/v1/deploy" } }, "its signature is wrong");
refused("another query", { request: { query: "?service=shop" } }, "its signature is wrong");
refused("no query where one was signed", { request: { query: "" } }, "its signature is wrong");
refused(
  "another body digest",
  { headers: (headers) => headers.set("content-digest", "sha-256=:AAAA:") },
  "its signature is wrong",
);
refused(
  "another time",
  edit("signature-input", `created=${SECONDS}`, `created=${SECONDS + 1}`),
  "its signature is wrong",
);
refused("another nonce", edit("signature-input", NONCE, newNonce()), "its signature is wrong");
refused("an added parameter", edit("signature-input", ";tag", ";extra=1;tag"), "its signature is wrong");
refused("another signature", edit("signature", /:../, ":AA"), "its signature is wrong");
refused("a shorter signature", edit("signature", /:.*:/, ":AAAA:"), "its signature is wrong");

refused("no digest of a body", { body: undefined }, 'it has no "content-digest" header');
refused("a digest that is not covered", {
  body: undefined,
  headers: (headers) => headers.set("content-digest", "sha-256=:AAAA:"),
}, 'its signature does not cover "content-digest"');
for (const name of ["@method", "@path", "@query", "mypaas-server", "content-digest"]) {
  refused(
    `a signature without ${name}`,
    edit("signature-input", `"${name}"`, ""),
    `its signature does not cover "${name}"`,
  );
  refused(
    `a signature with a part of ${name} only`,
    edit("signature-input", `"${name}"`, `"${name}";key="a"`),
    `its signature covers "${name}" with parameters`,
  );
}
refused(
  "a component that is not there",
  edit("signature-input", '"@path"', '"@path" "date"'),
  "its signature is malformed",
);

const form = 'its signature must have alg "ed25519" and tag "mypaas"';
refused("another tag", edit("signature-input", 'tag="mypaas"', 'tag="other"'), form);
refused("no tag", edit("signature-input", ';tag="mypaas"', ""), form);
refused("another algorithm", edit("signature-input", 'alg="ed25519"', 'alg="hmac-sha256"'), form);
const noTime = 'its signature must have the time it was made ("created")';
refused("no time", edit("signature-input", `;created=${SECONDS}`, ""), noTime);
refused("a time that is text", edit("signature-input", `created=${SECONDS}`, 'created="now"'), noTime);
refused("a time in parts of a second", edit("signature-input", `${SECONDS}`, `${SECONDS}.5`), noTime);
refused(
  "a short nonce",
  edit("signature-input", NONCE, "00"),
  "the nonce of its signature must be 32 lower-case hex digits",
);
refused(
  "no nonce",
  edit("signature-input", `;nonce="${NONCE}"`, ""),
  "the nonce of its signature must be 32 lower-case hex digits",
);
refused(
  "no key id",
  edit("signature-input", `;keyid="${KEY.id}"`, ""),
  "the key id of its signature must be 16 lower-case hex digits",
);

Deno.test("verifyRequest() passes on the failure of the key lookup as it is", async () => {
  const failure = new Error("the database is away");
  const error = await assertRejects(
    () => signAndVerify({ verify: { publicKeyOf: () => Promise.reject(failure) } }),
    Error,
  );
  assertEquals(error, failure);
});

Deno.test("refuseReplay() accepts a request once, and keeps its nonce for 120 s", () => {
  const nonces = new MemoryNonces();
  const request = { keyId: KEY.id, nonce: NONCE, created: SECONDS };
  const after = (seconds: number) => new Date((SECONDS + seconds) * 1000);
  refuseReplay(nonces, request, after(0));
  assertEquals([...nonces.used.values()], [SECONDS + 120]);
  refuseReplay(nonces, { ...request, keyId: other.id }, after(0));
  const again = () => refuseReplay(nonces, request, after(120));
  assertThrows(again, AuthError, "Cannot accept the request: it was sent before");
  assertEquals(nonces.used.size, 2);
  refuseReplay(nonces, { ...request, nonce: "another", created: SECONDS + 121 }, after(121));
  assertEquals([...nonces.used.values()], [SECONDS + 241]);
});

Deno.test("checkContentDigest() accepts the body that was signed, whatever other digests are there", async () => {
  const header = await contentDigest(BODY);
  await checkContentDigest(BODY, header);
  await checkContentDigest(BODY, `sha-512=:AAAA:, ${header}`);
});

Deno.test("checkContentDigest() refuses a changed byte", async () => {
  const changed = BODY.slice();
  changed[3] = 0x20;
  const header = await contentDigest(BODY);
  await assertRejects(() => checkContentDigest(changed, header), AuthError, "its body is not the one that was signed");
});

Deno.test("checkContentDigest() refuses a header without one sha-256", async () => {
  const header = await contentDigest(BODY);
  for (const wrong of [null, "", "sha-512=:AAAA:", `${header}, ${header}`]) {
    await assertRejects(() => checkContentDigest(BODY, wrong), AuthError, '"content-digest" must have one sha-256');
  }
});
