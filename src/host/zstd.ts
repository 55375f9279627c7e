import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { MyPaasError } from "../error.ts";

/**
 * Compresses bytes to one zstd frame (RFC 8878), level 1. Synchronous, so only for bounded pieces; node's zstd streams
 * take hundreds of megabytes.
 */
export function zstdCompress(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return copyless(zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }));
}

/** A frame may ask for a window of gigabytes, which nobody needs for so little: 8 MiB is what every reader has (RFC 8878, 3.1.1.1.2). */
const WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 };

/**
 * Takes one zstd frame apart. What follows the frame is not looked at, and a frame that is cut off gives what it has: check
 * the size or the digest of what comes out.
 *
 * @param limit the most bytes that may come out
 * @throws {MyPaasError} when it is no zstd frame, or holds more than `limit` bytes
 */
export function zstdDecompress(frame: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  let content: Uint8Array;
  try {
    // Deno takes no limit of 0.
    content = zstdDecompressSync(frame, { maxOutputLength: Math.max(limit, 1), params: WINDOW });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(limit, cause);
    throw new MyPaasError("Cannot unpack compressed content: it is not a zstd frame", { cause });
  }
  if (content.length > limit) throw tooLarge(limit);
  return copyless(content);
}

function tooLarge(limit: number, cause?: RangeError): MyPaasError {
  return new MyPaasError(`Cannot unpack compressed content: it holds more than ${limit} bytes`, { cause });
}

function copyless(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}
