import { assert, assertEquals } from "@std/assert";
import { cutChunks, MIN_CUT_BYTES } from "../../src/archive/chunker.ts";
import { sha256 } from "../../src/host/hash.ts";
import { MAX_CHUNK_BYTES } from "../../src/wire/limits.ts";

/** Random numbers of 32 bits that are the same in every run (xorshift32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const KINDS: Readonly<Record<string, (bytes: number) => Uint8Array>> = {
  "random bytes": (bytes) => {
    const random = seeded(1);
    return new Uint8Array(Uint32Array.from({ length: bytes >> 2 }, random).buffer);
  },
  "lines of a log": (bytes) => {
    const random = seeded(2);
    return text(bytes, (i) => `2026-11-23T02:${i % 60}:00Z request ${random() % 1e6} took ${random() % 100} ms\n`);
  },
  "text without lines": (bytes) => {
    const random = seeded(3);
    return text(bytes, () => `{"name":"${(random() % 1e9).toString(36)}","size":${random() % 1000}},`);
  },
  "records of one length": (bytes) => {
    const random = seeded(4);
    return text(
      bytes,
      (i) => `INSERT INTO t VALUES (${String(i).padStart(9)}, ${String(random() % 1e8).padStart(8)});\n`,
    );
  },
};

const NOTHING = new Uint8Array();

function text(bytes: number, line: (i: number) => string): Uint8Array {
  const lines = [];
  for (let i = 0, length = 0; length < bytes; i++) {
    const next = line(i);
    lines.push(next);
    length += next.length;
  }
  return new TextEncoder().encode(lines.join("")).subarray(0, bytes);
}

async function cut(content: Uint8Array, step = 1 << 20): Promise<Uint8Array[]> {
  async function* parts() {
    for (let at = 0; at < content.length; at += step) yield await Promise.resolve(content.subarray(at, at + step));
  }
  return await Array.fromAsync(cutChunks(parts()));
}

function spliced(
  content: Uint8Array,
  at: number,
  { removed = 0, added = NOTHING }: { removed?: number; added?: Uint8Array },
): Uint8Array {
  return joined([content.subarray(0, at), added, content.subarray(at + removed)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

for (const [kind, make] of Object.entries(KINDS)) {
  const content = make(8 << 20);

  Deno.test(`cutChunks() of ${kind} keeps all bytes, in chunks of 256 KiB to 1 MiB that are 500 to 800 KiB on average`, async () => {
    const chunks = await cut(content);
    assertEquals(sha256(joined(chunks)), sha256(content));
    for (const { length } of chunks.slice(0, -1)) assert(length > MIN_CUT_BYTES && length <= MAX_CHUNK_BYTES);
    const average = content.length / chunks.length / 1024;
    assert(average > 500 && average < 800, `${average} KiB`);
  });

  Deno.test(`cutChunks() of ${kind} makes all but two chunks again after a byte is inserted, changed or removed`, async () => {
    const before = new Set((await cut(content)).map(sha256));
    const random = seeded(9);
    let fresh = 0;
    const edits = 6;
    for (let edit = 0; edit < edits; edit++) {
      const at = random() % content.length;
      const added = Uint8Array.of(random() % 256);
      const change = [{ added }, { added, removed: 1 }, { removed: 1 }][edit % 3] ?? {};
      const chunks = await cut(spliced(content, at, change));
      const news = chunks.filter((chunk) => !before.has(sha256(chunk))).length;
      assert(news <= 4, `${news} new chunks after an edit at ${at}`);
      fresh += news;
    }
    assert(fresh <= 2 * edits, `${fresh} new chunks after ${edits} edits`);
  });

  Deno.test(`cutChunks() of ${kind} comes back to the old cuts after 100,000 bytes are inserted`, async () => {
    const before = new Set((await cut(content)).map(sha256));
    const added = make(9 << 20).subarray(-100_000);
    const chunks = await cut(spliced(content, 3_000_000, { added }));
    const news = chunks.filter((chunk) => !before.has(sha256(chunk))).length;
    assert(news <= 6, `${news} new chunks`);
  });
}

Deno.test("cutChunks() cuts the same however the bytes arrive", async () => {
  const content = KINDS["random bytes"]?.(5 << 20) ?? new Uint8Array();
  const digests = (await cut(content)).map(sha256);
  assertEquals((await cut(content, 77_777)).map(sha256), digests);
  assertEquals((await cut(content, 4 << 20)).map(sha256), digests);
});

Deno.test("cutChunks() cuts one byte over and over at the greatest size", async () => {
  for (const value of [0, 10, 101]) {
    const chunks = await cut(new Uint8Array((3 << 20) + 5).fill(value));
    assertEquals(chunks.map(({ length }) => length), [MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 5]);
  }
});

Deno.test("cutChunks() makes one chunk of what is no longer than one, and none of nothing", async () => {
  assertEquals((await cut(new Uint8Array(MAX_CHUNK_BYTES))).map(({ length }) => length), [MAX_CHUNK_BYTES]);
  assertEquals((await cut(new Uint8Array(1))).length, 1);
  assertEquals(await cut(new Uint8Array()), []);
});
