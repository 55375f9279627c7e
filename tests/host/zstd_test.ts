import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { zstdCompress, zstdDecompress } from "../../src/host/zstd.ts";

Deno.test("zstdDecompress() gives back what zstdCompress() took", () => {
  for (const size of [0, 1, 100_000]) {
    const content = new Uint8Array(size).fill(7);
    assertEquals(zstdDecompress(zstdCompress(content), size), content);
  }
  assertLess(zstdCompress(new Uint8Array(100_000)).length, 100);
});

Deno.test("zstdDecompress() stops at its limit and at what is no frame", () => {
  const frame = zstdCompress(new Uint8Array(100_000));
  assertThrows(() => zstdDecompress(frame, 99_999), MyPaasError, "more than 99999 bytes");
  assertThrows(() => zstdDecompress(new Uint8Array(20), 100), MyPaasError, "not a zstd frame");
  assertThrows(() => zstdDecompress(zstdCompress(new Uint8Array(1)), 0), MyPaasError, "more than 0 bytes");
});

Deno.test("zstdDecompress() takes no frame that asks for a window of gigabytes", () => {
  // RFC 8878, 3.1.1: the magic number, no size, a window of 2 GiB, and one byte that is repeated.
  const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 0x0b, 0, 0, 7]);
  assertThrows(() => zstdDecompress(frame, 100), MyPaasError, "not a zstd frame");
  frame[5] = 10 << 3;
  assertEquals(zstdDecompress(frame, 100), Uint8Array.of(7));
});
