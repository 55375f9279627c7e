import { contentDigest } from "../../../src/auth/content_digest.ts";
import { newNonce } from "../../../src/auth/request_signature.ts";
import type { Attack } from "./attack.ts";
import { type Attacker, bytesOf, type Component, type Crafted, OWN, type Signing } from "./attacker.ts";

// Signatures that are old, for something else, of somebody else, or not what they seem.

const SERVICES: Crafted = { where: "GET /v1/services" };
const INVITE: Crafted = {
  where: "POST /v1/invites",
  body: JSON.stringify({ name: "mallory", role: "admin", scope: ["*"] }),
};
const MISSING: Crafted = { where: `POST /v1/missing?service=${OWN}`, body: '{"digests":[]}' };
const BLOBS: Crafted = { where: `PUT /v1/blobs?service=${OWN}` };

/** One signed request, made by the client's code with one thing changed. */
function signed(
  name: string,
  crafted: Crafted,
  signing: (attacker: Attacker) => Signing,
  says: string,
): Attack {
  return {
    name: `${crafted.where.split("?")[0]} ${name}`,
    send: (attacker) => attacker.signed(crafted, signing(attacker)),
    expect: { status: 401, says },
  };
}

const OTHER_BODY = { body: '{"name":"mallory","role":"deploy","scope":["*"]}' };

const CHANGED: readonly Attack[] = [
  ...[SERVICES, INVITE, MISSING].flatMap((crafted) => [
    signed("with the key of a stranger", crafted, ({ keys }) => ({ key: keys.stranger }), "is not known"),
    signed("with a revoked key", crafted, ({ keys }) => ({ key: keys.revoked }), "was revoked"),
    signed(
      "with the name of another key",
      crafted,
      ({ keys }) => ({ key: { ...keys.stranger, id: keys.admin.id } }),
      "its signature is wrong",
    ),
    signed("for another server", crafted, () => ({ serverId: "0".repeat(32) }), "for another server"),
    signed("that is over", crafted, () => ({ ahead: -75 }), "behind the server's"),
    signed("from the future", crafted, () => ({ ahead: 75 }), "ahead of the server's"),
    signed("of the year 2200", crafted, () => ({ ahead: 5_500_000_000 }), "ahead of the server's"),
    signed(
      "for another method",
      crafted,
      () => ({ signed: { where: crafted.where.replace(/^\S+/, "DELETE") } }),
      "its signature is wrong",
    ),
    signed(
      "for another path",
      crafted,
      () => ({ signed: { where: `${crafted.where.split(" ")[0]} /v1/keys` } }),
      "its signature is wrong",
    ),
    signed(
      "for another query",
      crafted,
      () => ({ signed: { where: `${crafted.where.split("?")[0]}?service=other` } }),
      "its signature is wrong",
    ),
    signed("with a nonce that is no nonce", crafted, () => ({ nonce: "../../etc" }), "32 lower-case hex digits"),
    signed("with a nonce of many digits", crafted, () => ({ nonce: "a".repeat(8000) }), "32 lower-case hex digits"),
  ]),
  signed(
    "for another body",
    INVITE,
    ({ keys }) => ({ signed: OTHER_BODY, key: keys.admin }),
    "its body is not the one that was signed",
  ),
  signed("for another list", MISSING, () => ({ signed: { body: "{}" } }), "its body is not the one that was signed"),
  signed("without a digest of its body", INVITE, () => ({ streamed: true }), 'has no "content-digest"'),
  signed("without a digest of its list", MISSING, () => ({ streamed: true }), 'has no "content-digest"'),
  {
    name: "a nonce is used again for another request",
    async send(attacker) {
      const nonce = newNonce();
      await attacker.signed(SERVICES, { nonce });
      return await attacker.signed(MISSING, { nonce });
    },
    expect: { status: 401, says: "it was sent before" },
  },
  ...([SERVICES, MISSING, BLOBS] as const).map((crafted): Attack => ({
    name: `${crafted.where.split("?")[0]} is sent again`,
    async send(attacker) {
      const headers = await attacker.sign(crafted, { streamed: crafted === BLOBS });
      const again = { ...crafted, headers };
      await attacker.unsigned(again);
      return await attacker.unsigned(again);
    },
    expect: { status: 401, says: "it was sent before" },
  })),
  {
    name: "one request is sent ten times at once",
    async send(attacker) {
      const headers = await attacker.sign(SERVICES);
      const all = await Promise.all(Array.from({ length: 10 }, () => attacker.unsigned({ ...SERVICES, headers })));
      const good = all.filter(({ status }) => status === 200);
      if (good.length !== 1) throw new Error(`${good.length} of ten were accepted`);
      return all.find(({ status }) => status !== 200) ?? all[0] as typeof all[0] & object;
    },
    expect: { status: 401, says: "it was sent before" },
  },
];

type Change = Parameters<Attacker["signComponents"]>[1];

/** A signature over components of the attack's own choosing, with a real key. */
function composed(name: string, change: Change, expect: Attack["expect"], crafted = INVITE): Attack {
  return {
    name: `a signature ${name}`,
    send: async (attacker) =>
      await attacker.unsigned({ ...crafted, headers: await attacker.signComponents(crafted, change) }),
    expect,
  };
}

const without = (id: string) => (usual: readonly Component[]) => usual.filter(([name]) => name !== id);
const replaced = (from: string | RegExp, to: string) => (usual: string) => usual.replace(from, to);

const COMPOSED: readonly Attack[] = [
  composed("that is as it should be", {}, { status: 200 }, MISSING),
  ...['"@method"', '"@path"', '"@query"', '"mypaas-server"', '"content-digest"'].map((id) =>
    composed(`that does not cover ${id}`, { components: without(id) }, { status: 401, says: "does not cover" })
  ),
  composed("that covers nothing", { components: () => [] }, { status: 401, says: "does not cover" }),
  composed(
    "that covers an unknown component",
    { components: (usual) => [...usual, ['"@frob"', "x"]] },
    { status: 401, says: "malformed" },
  ),
  composed(
    "that covers a status",
    { components: (usual) => [...usual, ['"@status"', "200"]] },
    { status: 401, says: "malformed" },
  ),
  composed(
    "that covers a header that is not there",
    { components: (usual) => [...usual, ['"x-absent"', ""]] },
    { status: 401 },
  ),
  composed(
    "of a component of another request",
    { components: (usual) => usual.map(([id, value]) => [id === '"@path"' ? '"@path";req' : id, value]) },
    { status: 401, says: "with parameters" },
  ),
  composed(
    "of one parameter of the query",
    { components: (usual) => [...usual, ['"@query-param";name="service"', OWN]] },
    { status: 401, says: "with parameters" },
  ),
  composed(
    "that covers a component twice",
    { components: (usual) => [...usual, ...usual.slice(0, 1)] },
    { status: 401 },
  ),
  composed("that covers 2,000 components", {
    components: (usual) => [...usual, ...Array.from({ length: 2000 }, (_, n): Component => [`"x-${n}"`, ""])],
  }, "refused"),
  ...Object.entries({
    "without its time": replaced(/;created=\d+/, ""),
    "with a time in quotes": replaced(/created=(\d+)/, 'created="$1"'),
    "with a fraction of a second": replaced(/created=(\d+)/, "created=$1.5"),
    "with a time below zero": replaced(/created=(\d+)/, "created=-$1"),
    "with a time beyond all": replaced(/created=(\d+)/, "created=999999999999999"),
    "without a nonce": replaced(/;nonce="\w+"/, ""),
    "with a nonce in capitals": replaced(/nonce="\w+"/, `nonce="${"A".repeat(32)}"`),
    "with a nonce that is a number": replaced(/nonce="\w+"/, "nonce=1"),
    "without a key": replaced(/;keyid="\w+"/, ""),
    "with a key that is a path": replaced(/keyid="\w+"/, 'keyid="../../daemon.key"'),
    "with a key that is a query": replaced(/keyid="\w+"/, `keyid="' OR '1'='1"`),
    "without an algorithm": replaced(/;alg="\w+"/, ""),
    "with no algorithm": replaced(/alg="\w+"/, 'alg="none"'),
    "with a shared secret": replaced(/alg="\w+"/, 'alg="hmac-sha256"'),
    "with RSA": replaced(/alg="\w+"/, 'alg="rsa-v1_5-sha256"'),
    "without a tag": replaced(/;tag="\w+"/, ""),
    "with another tag": replaced(/tag="\w+"/, 'tag="web-bot-auth"'),
    "that is over by its own word": replaced(/;nonce/, ";expires=1000;nonce"),
    "with two times": replaced(/;nonce/, ";created=1;nonce"),
  }).map(([name, params]) => composed(name, { params }, { status: 401 })),
];

const HEADERS: Readonly<Record<string, Change["headers"] & object>> = {
  "with two headers Signature": (usual) => [...usual, ["signature", "sig=:AAAA:"]],
  "with two headers Signature-Input": (usual) => [...usual, ["signature-input", "sig2=();created=1"]],
  "of two labels": (usual) => usual.map(([name, value]) => [name, twice(name, value)]),
  "under another label": (usual) => usual.map(([name, value]) => [name, name === "signature" ? `x${value}` : value]),
  "that is empty": (usual) => usual.map(([name, value]) => [name, name === "signature" ? "sig=::" : value]),
  "of 1,000 bytes": (usual) =>
    usual.map(([name, value]) => [name, name === "signature" ? `sig=:${btoa("a".repeat(1000))}:` : value]),
  "that is no Base64": (usual) => usual.map(([name, value]) => [name, name === "signature" ? "sig=:!!!!:" : value]),
  "that is a number": (usual) => usual.map(([name, value]) => [name, name === "signature" ? "sig=1" : value]),
  "that is garbage": (usual) => usual.map(([name, value]) => [name, name === "signature" ? "\x01(((" : value]),
  "whose input is garbage": (usual) => usual.map(([name, value]) => [name, input(name) ? ")))(((" : value]),
  "whose input is deep": (usual) =>
    usual.map(([name, value]) => [name, input(name) ? `sig=${"(".repeat(5000)}` : value]),
  "whose input has a prototype": (usual) =>
    usual.map((
      [name, value],
    ) => [name, value.replace(/^sig=/, input(name) || name === "signature" ? "__proto__=" : "$&")]),
  "with two servers": (usual) => [...usual, ["mypaas-server", "0".repeat(32)]],
  "with a server in capitals": (usual) =>
    usual.map(([name, value]) => [name, name === "mypaas-server" ? value.toUpperCase() : value]),
  "with two digests": (usual) => [...usual, ["content-digest", "sha-256=:AAAA:"]],
  "with another kind of digest": (usual) =>
    usual.map(([name, value]) => [name, name === "content-digest" ? "sha-512=:AAAA:" : value]),
  "that a hop takes away": (usual) => [...usual, ["connection", "signature, signature-input"]],
};

const input = (name: string) => name === "signature-input";

function twice(name: string, value: string): string {
  return input(name) || name === "signature" ? `${value}, ${value.replace(/^sig=/, "sig2=")}` : value;
}

/** A digest that is signed as it is and lies. */
function digests(name: string, value: (body: Uint8Array<ArrayBuffer>) => Promise<string> | string): Attack {
  return {
    name: `a signed digest ${name}`,
    async send(attacker) {
      const digest = await value(bytesOf(String(MISSING.body)));
      const headers = await attacker.signComponents(MISSING, {
        components: (usual) => usual.map(([id, usually]) => [id, id === '"content-digest"' ? digest : usually]),
        headers: (usual) => usual.map(([id, usually]) => [id, id === "content-digest" ? digest : usually]),
      });
      return await attacker.unsigned({ ...MISSING, headers });
    },
    expect: { status: 401 },
  };
}

export const SIGNATURES: readonly Attack[] = [
  ...CHANGED,
  ...COMPOSED,
  ...Object.entries(HEADERS).map(([name, headers]) => composed(name, { headers }, "refused")),
  digests("of another body", () => contentDigest(bytesOf("{}"))),
  digests("of another kind", () => "sha-512=:AAAA:"),
  digests("of nothing", () => "sha-256=::"),
  digests("that is twice there", async (body) => `${await contentDigest(body)}, ${await contentDigest(body)}`),
  digests("in hex", () => `sha-256=${"0".repeat(64)}`),
  digests("of another kind as well", async (body) => `sha-256=:AAAA:, ${await contentDigest(body)}`),
];
