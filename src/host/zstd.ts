import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { MyPaasError } from "../error.ts";

/**
 * Compresses bytes to one zstd frame (RFC 8878), level 1. Synchronous, so only for bounded pieces; node's zstd streams
 * take hundreds of megabytes.
 */
export function zstdCompress(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return copyless(zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }));
}

/**
 * Takes one zstd frame apart. What follows the frame is not looked at.
 *
 * @param limit the most bytes that may come out
 * @throws {MyPaasError} when it is no zstd frame, is cut off, or holds more than `limit` bytes
 */
export function zstdDecompress(frame: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  try {
    return copyless(zstdDecompressSync(frame, { maxOutputLength: limit }));
  } catch (cause) {
    const tooLarge = cause instanceof RangeError;
    throw new MyPaasError(
      tooLarge
        ? `Cannot unpack compressed content: it holds more than ${limit} bytes`
        : "Cannot unpack compressed content: it is not a zstd frame",
      { cause },
    );
  }
}

function copyless(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}
