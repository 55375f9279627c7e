import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import { MAX_CHUNK_BYTES, MAX_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import { deflateSync, inflateSync } from "node:zlib";

const DIGEST = "0123456789abcdef".repeat(4);
const asIs = (content: Uint8Array<ArrayBuffer>) => content;

/** A body in the given parts. */
function body(...parts: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts);
}

async function read(stream: ReadableStream<Uint8Array>): Promise<Frame[]> {
  return await Array.fromAsync(decodeFrames(stream));
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Numbers that look random and are the same in every run (mulberry32). */
function pseudoRandom(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

Deno.test("a frame is SHA-256, encoding, length, payload", () => {
  const content = new TextEncoder().encode("hello");
  assertEquals(
    encodeFrame(content, { digest: DIGEST, compress: asIs }).toHex(),
    `${DIGEST}00${"00000005"}${content.toHex()}`,
  );
  const compress = () => Uint8Array.of(1, 2);
  assertEquals(encodeFrame(content, { digest: DIGEST, compress }).toHex(), `${DIGEST}01${"00000002"}0102`);
});

Deno.test("encodeFrame() takes 1 byte to 1 MiB", () => {
  const encode = (length: number) => encodeFrame(new Uint8Array(length), { digest: DIGEST, compress: asIs });
  assertEquals(encode(MAX_CHUNK_BYTES).length, MAX_CHUNK_BYTES + 37);
  assertThrows(() => encode(0), RangeError);
  assertThrows(() => encode(MAX_CHUNK_BYTES + 1), RangeError);
});

Deno.test("random frames come back, wherever the body is split", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = pseudoRandom(seed);
    const contents = Array.from({ length: random(8) }, () => {
      const isText = random(2) === 0;
      return Uint8Array.from({ length: 1 + random(random(2) === 0 ? 4 : 5000) }, () => isText ? 65 : random(256));
    });
    const digests = contents.map(() => Uint8Array.from({ length: 32 }, () => random(256)).toHex());
    const whole = join(
      contents.map((content, i) => encodeFrame(content, { digest: digests[i] ?? "", compress: deflateSync })),
    );
    const parts: Uint8Array[] = [];
    for (let start = 0; start < whole.length;) {
      const end = start + random(random(3) === 0 ? 3000 : 40);
      parts.push(whole.subarray(start, end));
      start = end;
    }
    const frames = await read(body(...parts));
    assertEquals(frames.map(({ digest }) => digest), digests, `seed ${seed}`);
    const decoded = frames.map(({ encoding, payload }) =>
      encoding === "raw" ? payload : Uint8Array.from(inflateSync(payload))
    );
    assertEquals(decoded, contents, `seed ${seed}`);
  }
});

Deno.test("decodeFrames() reads nothing from an empty body", async () => {
  assertEquals(await read(body()), []);
});

Deno.test("decodeFrames() refuses a body that ends inside a frame, wherever", async () => {
  const frame = encodeFrame(Uint8Array.of(1, 2, 3), { digest: DIGEST, compress: asIs });
  for (let length = 1; length < frame.length; length++) {
    const error = await assertRejects(() => read(body(frame, frame.subarray(0, length))), UsageError);
    assertEquals(error.message, "Cannot read the blobs: the body ends inside a frame");
  }
});

Deno.test("decodeFrames() refuses an unknown encoding and a length out of bounds, before the payload", async () => {
  const frame = encodeFrame(Uint8Array.of(1, 2, 3), { digest: DIGEST, compress: asIs });
  const says = async (offset: number, bytes: readonly number[], sentence: string) => {
    const head = frame.slice(0, 37);
    head.set(bytes, offset);
    const error = await assertRejects(() => read(body(head)), UsageError);
    assertEquals(error.message, `Cannot read the blobs: a frame has ${sentence}`);
  };
  await says(32, [2], "encoding 2, known are 0 (raw) and 1 (zstd)");
  const allowed = `allowed are 1 to ${MAX_PAYLOAD_BYTES}`;
  await says(33, [0, 0, 0, 0], `0 bytes of payload, ${allowed}`);
  await says(33, [255, 255, 255, 255], `4294967295 bytes of payload, ${allowed}`);
  await says(33, [0, 0x10, 0x10, 1], `${MAX_PAYLOAD_BYTES + 1} bytes of payload, ${allowed}`);
});

Deno.test("decodeFrames() cancels the body when nobody wants more, and when a frame is refused", async () => {
  const frame = encodeFrame(Uint8Array.of(1), { digest: DIGEST, compress: asIs });
  for (const isBad of [false, true]) {
    let cancelled = false;
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(isBad && ++pulled > 1 ? new Uint8Array(40) : frame),
      cancel: () => void (cancelled = true),
    });
    try {
      for await (const _ of decodeFrames(endless)) if (!isBad) break;
    } catch (error) {
      assert(isBad && error instanceof UsageError);
    }
    assert(cancelled);
  }
});
