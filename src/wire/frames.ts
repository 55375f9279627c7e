// The body of `PUT /v1/blobs`: frames one after another, each {SHA-256 of the content (32 bytes), encoding (1 byte),
// length of the payload (4 bytes, big-endian), payload}. There is no mark of the end: the body ends after a frame.
import { UsageError } from "../error.ts";
import { MAX_CHUNK_BYTES, MAX_PAYLOAD_BYTES } from "./limits.ts";

const DIGEST_BYTES = 32;
const HEAD_BYTES = DIGEST_BYTES + 1 + 4;

/** How a payload holds its content. The index is the byte in the frame. */
const ENCODINGS = ["raw", "zstd"] as const;
export type FrameEncoding = typeof ENCODINGS[number];

/** One chunk on its way. Nobody has checked yet that the digest is true. */
export interface Frame {
  /** SHA-256 of the content, 64 lower-case hex digits. */
  readonly digest: string;
  readonly encoding: FrameEncoding;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface EncodeFrameOptions {
  /** 64 lower-case hex digits. */
  readonly digest: string;
  /** Makes a zstd frame of the content; used only when that is smaller. */
  readonly compress: (content: Uint8Array<ArrayBuffer>) => Uint8Array;
}

/** Writes one chunk (1 to `MAX_CHUNK_BYTES` bytes) as a frame. */
export function encodeFrame(
  content: Uint8Array<ArrayBuffer>,
  { digest, compress }: EncodeFrameOptions,
): Uint8Array<ArrayBuffer> {
  if (content.length === 0 || content.length > MAX_CHUNK_BYTES) {
    throw new RangeError(`A chunk has 1 to ${MAX_CHUNK_BYTES} bytes, not ${content.length}`);
  }
  const compressed = compress(content);
  const encoding: FrameEncoding = compressed.length < content.length ? "zstd" : "raw";
  const payload = encoding === "zstd" ? compressed : content;
  const frame = new Uint8Array(HEAD_BYTES + payload.length);
  frame.set(Uint8Array.fromHex(digest));
  frame[DIGEST_BYTES] = ENCODINGS.indexOf(encoding);
  new DataView(frame.buffer).setUint32(DIGEST_BYTES + 1, payload.length);
  frame.set(payload, HEAD_BYTES);
  return frame;
}

/**
 * Reads frames as they come, one in memory at a time. Stopping early ends the reading of the body.
 *
 * @throws {UsageError} for an unknown encoding, a length out of bounds, or a body that ends inside a frame
 */
export async function* decodeFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, void> {
  const headBytes = new Uint8Array(HEAD_BYTES);
  let head: Head | undefined;
  let target = headBytes;
  let filled = 0;
  for await (const part of body) {
    let rest = part;
    while (rest.length > 0) {
      const taken = rest.subarray(0, target.length - filled);
      target.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < target.length) continue;
      filled = 0;
      if (head === undefined) {
        head = readHead(headBytes);
        target = new Uint8Array(head.length);
      } else {
        yield { digest: head.digest, encoding: head.encoding, payload: target };
        head = undefined;
        target = headBytes;
      }
    }
  }
  if (head !== undefined || filled > 0) throw new UsageError("Cannot read the blobs: the body ends inside a frame");
}

interface Head {
  readonly digest: string;
  readonly encoding: FrameEncoding;
  /** Bytes of the payload. */
  readonly length: number;
}

function readHead(bytes: Uint8Array<ArrayBuffer>): Head {
  const code = bytes[DIGEST_BYTES] ?? 0;
  const encoding = ENCODINGS[code];
  if (encoding === undefined) {
    throw new UsageError(`Cannot read the blobs: a frame has encoding ${code}, known are 0 (raw) and 1 (zstd)`);
  }
  const length = new DataView(bytes.buffer).getUint32(DIGEST_BYTES + 1);
  if (length === 0 || length > MAX_PAYLOAD_BYTES) {
    throw new UsageError(
      `Cannot read the blobs: a frame has ${length} bytes of payload, allowed are 1 to ${MAX_PAYLOAD_BYTES}`,
    );
  }
  return { digest: bytes.subarray(0, DIGEST_BYTES).toHex(), encoding, length };
}
