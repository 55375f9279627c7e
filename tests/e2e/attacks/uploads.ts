import { sha256 } from "../../../src/host/hash.ts";
import { zstdCompress } from "../../../src/host/zstd.ts";
import type { Attack } from "./attack.ts";
import { bytesOf, OWN } from "./attacker.ts";

// Blobs that lie about what they are, and lists of blobs that are none.

const MIB = 1 << 20;
const CONTENT = bytesOf("FROM scratch\n");

interface FrameParts {
  readonly digest?: string;
  readonly encoding?: number;
  readonly payload?: Uint8Array;
  /** What the head says, where that is not how long the payload is. */
  readonly length?: number;
}

function frame(
  { payload = CONTENT, digest = sha256(payload), encoding = 0, length = payload.length }: FrameParts = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(37 + payload.length);
  bytes.set(Uint8Array.fromHex(digest));
  bytes[32] = encoding;
  new DataView(bytes.buffer).setUint32(33, length);
  bytes.set(payload, 37);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A zstd frame (RFC 8878, 3.1.1) of which only the head is given; 128 KiB of one byte follow as its last block. */
function zstd(head: readonly number[]): Uint8Array {
  const repeated = (128 << 10) << 3 | 1 << 1 | 1;
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, ...head, repeated & 255, repeated >> 8 & 255, repeated >> 16, 0]);
}

const SERVICE = `PUT /v1/blobs?service=${OWN}`;

function put(name: string, body: Uint8Array<ArrayBuffer>, expect: Attack["expect"], where = SERVICE): Attack {
  return { name, send: (attacker) => attacker.signed({ where, body }, { streamed: true }), expect };
}

/** As `put`; the body is made only when it is sent. */
function large(name: string, body: () => Uint8Array<ArrayBuffer>, expect: Attack["expect"]): Attack {
  return {
    name,
    send: (attacker) => attacker.signed({ where: SERVICE, body: body() }, { streamed: true }),
    expect,
  };
}

const ZEROS = new Uint8Array(MIB);
const lie = "0".repeat(64);

const BLOBS: readonly Attack[] = [
  put("a blob with the name of another", frame({ digest: lie }), { status: 400, says: "another SHA-256" }),
  put(
    "a compressed blob with the name of another",
    frame({ digest: lie, encoding: 1, payload: zstdCompress(CONTENT) }),
    {
      status: 400,
      says: "another SHA-256",
    },
  ),
  put("a blob with the name of its compressed form", frame({ encoding: 1, payload: zstdCompress(CONTENT) }), {
    status: 400,
    says: "another SHA-256",
  }),
  put(
    "a blob that is compressed twice",
    frame({
      digest: sha256(CONTENT),
      encoding: 1,
      payload: zstdCompress(zstdCompress(CONTENT)),
    }),
    { status: 400, says: "another SHA-256" },
  ),
  put("a good blob, then one that lies", joined(frame(), frame({ digest: lie })), {
    status: 400,
    says: "another SHA-256",
  }),
  ...[2, 3, 127, 128, 255].map((encoding) =>
    put(`a blob in the encoding ${encoding}`, frame({ encoding }), { status: 400, says: `encoding ${encoding}` })
  ),
  ...[0, MIB + 4097, 2 ** 31, 2 ** 32 - 1].map((length) =>
    put(`a blob whose head says ${length} bytes`, frame({ length }), {
      status: 400,
      says: `${length} bytes of payload`,
    })
  ),
  put("a raw blob over the largest", frame({ payload: new Uint8Array(MIB + 1) }), {
    status: 413,
    says: "longer than 1048576",
  }),
  put("half a head", frame().slice(0, 20), { status: 400, says: "ends inside a frame" }),
  put("a head alone", frame().slice(0, 37), { status: 400, says: "ends inside a frame" }),
  put("half a blob", frame().slice(0, 45), { status: 400, says: "ends inside a frame" }),
  put("a blob and a byte", joined(frame(), new Uint8Array(1)), { status: 400, says: "ends inside a frame" }),
  put("a text", bytesOf("#!/bin/sh\n".repeat(20)), { status: 400, says: "Cannot read the blobs" }),
  put("no zstd", frame({ encoding: 1, payload: bytesOf("hello") }), { status: 400, says: "not a zstd frame" }),
  put("zstd of nothing", frame({ encoding: 1, payload: zstdCompress(new Uint8Array()) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd that is cut", frame({ digest: sha256(ZEROS), encoding: 1, payload: zstdCompress(ZEROS).slice(0, 20) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd whose head says 1 byte", frame({ encoding: 1, payload: zstd([0x20, 1]) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd whose head says 2^62 bytes", frame({ encoding: 1, payload: zstd([0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40]) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd with a window of 2 GiB", frame({ encoding: 1, payload: zstd([0, 21 << 3]) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd with the largest window", frame({ encoding: 1, payload: zstd([0, 255]) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put("zstd with a dictionary", frame({ encoding: 1, payload: zstd([0x21, 7, 1]) }), {
    status: 400,
    says: "Cannot store the blob",
  }),
  put(
    "zstd that is only skipped",
    frame({
      encoding: 1,
      payload: Uint8Array.from([0x50, 0x2a, 0x4d, 0x18, 255, 255, 255, 255]),
    }),
    { status: 400, says: "Cannot store the blob" },
  ),
  large("a bomb of 100 MB of zeros", () => frame({ encoding: 1, payload: zstdCompress(new Uint8Array(100 << 20)) }), {
    status: 400,
    says: "holds more than 1048576 bytes",
  }),
  large(
    "a bomb one byte over the largest",
    () => frame({ encoding: 1, payload: zstdCompress(new Uint8Array(MIB + 1)) }),
    {
      status: 400,
      says: "holds more than 1048576 bytes",
    },
  ),
  large("70 bombs of 1 MB each", () => {
    const one = frame({ digest: sha256(ZEROS), encoding: 1, payload: zstdCompress(ZEROS) });
    return joined(...Array.from({ length: 70 }, () => one));
  }, { status: 413, says: "bytes of content" }),
  large("33 MB of blobs", () => {
    const one = frame({ payload: ZEROS });
    return joined(...Array.from({ length: 33 }, () => one));
  }, { status: 413, says: "longer than 33554432 bytes" }),
  {
    name: "a body whose length says more than comes",
    async send(attacker) {
      const signed = await attacker.sign({ where: SERVICE }, { streamed: true });
      const lines = [["Host", attacker.host], ...signed, ["Content-Length", "1000"]];
      const head = `${SERVICE} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
      return await attacker.raw(joined(bytesOf(head), frame()), { cutAfterMs: 300 });
    },
    expect: "refused",
  },
  {
    name: "a body whose length says 2^60",
    send: async (attacker) =>
      await attacker.unsigned({
        where: SERVICE,
        headers: [...await attacker.sign({ where: SERVICE }, { streamed: true }), ["content-length", `${2 ** 60}`]],
        body: frame(),
      }, { cutAfterMs: 300 }),
    expect: "refused",
  },
  {
    name: "a body in chunks that never ends",
    send: async (attacker) =>
      await attacker.raw(endless(await attacker.sign({ where: SERVICE }, { streamed: true }), attacker.host)),
    expect: "refused",
  },
  {
    name: "a login in chunks that never ends",
    send: async (attacker) => await attacker.raw(endless([], attacker.host, "POST /v1/login")),
    // Traefik says 502 when the receiver has hung up on it before it has passed on what was answered.
    expect: "refused",
  },
  ...["gzip", "br", "zstd", "identity, gzip"].map((encoding): Attack => ({
    name: `blobs in the content encoding ${encoding}`,
    send: async (attacker) =>
      await attacker.signed(
        { where: SERVICE, headers: [["content-encoding", encoding]], body: zstdCompress(CONTENT) },
        {
          streamed: true,
        },
      ),
    expect: { status: 400, says: "Cannot read the blobs" },
  })),
  put("an empty body", new Uint8Array(), { status: 200, says: '{"stored":0}' }),
];

/** Chunks of good frames, without an end. */
async function* endless(
  headers: readonly (readonly [string, string])[],
  host: string,
  where = SERVICE,
): AsyncGenerator<Uint8Array> {
  const lines = [["Host", host], ...headers, ["Transfer-Encoding", "chunked"]];
  yield bytesOf(`${where} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  const content = frame({ payload: ZEROS });
  const chunk = joined(bytesOf(`${content.length.toString(16)}\r\n`), content, bytesOf("\r\n"));
  while (true) yield await Promise.resolve(chunk);
}

/** Queries that name no service, two, or something else. */
const QUERIES: readonly string[] = [
  "",
  "?service",
  "?service=",
  `?service=${OWN}&service=other`,
  `?service=other&service=${OWN}`,
  `?service[]=${OWN}`,
  `?SERVICE=${OWN}`,
  `?service=${OWN}%00`,
  `?service=${OWN}%2f..%2fother`,
  "?service=..",
  "?service=.",
  "?service=*",
  "?service=%2a",
  `?service=${OWN.toUpperCase()}`,
  `?service=%ef%bd%81ttacked`,
  "?service=%D0%B0ttacked",
  "?service=mypaas",
  "?service=traefik",
  `?service=${"a".repeat(6000)}`,
  "?service=%ff%fe",
  "?service=%",
];

const NAMED: readonly Attack[] = QUERIES.flatMap((query) => [
  ...(["missing", "blobs"] as const).flatMap((command) =>
    (["deployer", "admin"] as const).map((who): Attack => ({
      name: `${command}${query.slice(0, 40)} by the ${who}`,
      send: (attacker) =>
        attacker.signed(
          command === "missing"
            ? { where: `POST /v1/missing${query}`, body: '{"digests":[]}' }
            : { where: `PUT /v1/blobs${query}`, body: frame() },
          { key: attacker.keys[who], streamed: command === "blobs" },
        ),
      expect: "Cannot ",
    }))
  ),
]);

const NO_DIGESTS: Readonly<Record<string, string>> = {
  "no list": '{"digests":{"length":1}}',
  "null": '{"digests":null}',
  "a path": '{"digests":["../../../etc/passwd"]}',
  "capitals": `{"digests":["${"A".repeat(64)}"]}`,
  "a number": '{"digests":[1]}',
  "a list in a list": `{"digests":[["${lie}"]]}`,
  "too many": JSON.stringify({ digests: Array.from({ length: 20_001 }, () => lie) }),
  "a field more": `{"digests":[],"service":"other"}`,
  "a prototype": `{"digests":[],"__proto__":{"digests":["x"]}}`,
  "a constructor": `{"digests":[],"constructor":{}}`,
  "a list alone": "[]",
  "nothing": "",
  "no JSON": "digests=",
  "two values": '{"digests":[]}{"digests":[]}',
  "a mark of order": '\ufeff{"digests":[]',
  "bytes that are no UTF-8": '{"digests":["\xff\xfe"]}',
  "a NUL": "\0",
  "a number beyond all": '{"digests":[1e999]}',
};

const LISTS: readonly Attack[] = Object.entries(NO_DIGESTS).map(([name, text]): Attack => ({
  name: `a list of digests with ${name}`,
  send: (attacker) => attacker.signed({ where: `POST /v1/missing?service=${OWN}`, body: bytesOf(text) }),
  expect: { status: 400, says: "Cannot read the list of digests" },
}));

export const UPLOADS: readonly Attack[] = [...BLOBS, ...NAMED, ...LISTS];
