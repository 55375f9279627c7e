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
