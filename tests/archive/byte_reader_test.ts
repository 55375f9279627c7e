import { assertEquals } from "@std/assert";
import { ByteReader } from "../../src/archive/byte_reader.ts";

/** The text in chunks of `size` bytes. */
async function* chunked(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

Deno.test("ByteReader.take() gives exact lengths, and undefined at a short end", async () => {
  const reader = new ByteReader(chunked("abcdefgh", 3));
  const text = async (count: number) => new TextDecoder().decode(await reader.take(count));
  assertEquals([await text(2), await text(0), await text(5)], ["ab", "", "cdefg"]);
  assertEquals(await reader.take(2), undefined);
});
