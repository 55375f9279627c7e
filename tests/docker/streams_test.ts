import { assertEquals } from "@std/assert";
import { logLines } from "../../src/docker/log_stream.ts";
import { jsonLines } from "../../src/docker/streams.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** The same bytes in chunks of `size`. */
async function* chunked(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** A frame of the Engine's multiplexed logs. */
function frame(type: number, text: string): number[] {
  const payload = encode(text);
  const header = new DataView(new ArrayBuffer(8));
  header.setUint8(0, type);
  header.setUint32(4, payload.length);
  return [...new Uint8Array(header.buffer), ...payload];
}

Deno.test("jsonLines() gives the same values however the bytes are cut", async () => {
  const bytes = encode('{"a":"é"}\r\n\n[1,2]\n"end"');
  for (const size of [1, 2, 3, 7, 100]) {
    assertEquals(await Array.fromAsync(jsonLines(chunked(bytes, size))), [{ a: "é" }, [1, 2], "end"]);
  }
});

const T = "2026-11-22T10:00:00.123456789Z";

Deno.test("logLines() reads frames that span chunks and tells stdout from stderr", async () => {
  const bytes = new Uint8Array([...frame(1, `${T} one\n`), ...frame(2, `${T} zwei ü\n`), ...frame(1, `${T} \n`)]);
  for (const size of [1, 5, 8, 11, 1000]) {
    const lines = await Array.fromAsync(logLines(chunked(bytes, size), { replica: "blog.7.1", tty: false }));
    assertEquals(lines, [
      { replica: "blog.7.1", stream: "stdout", time: T, text: "one" },
      { replica: "blog.7.1", stream: "stderr", time: T, text: "zwei ü" },
      { replica: "blog.7.1", stream: "stdout", time: T, text: "" },
    ]);
  }
});

Deno.test("logLines() joins the parts of one long line, with or without a newline behind the last", async () => {
  const long = "x".repeat(16_384);
  const later = "2026-11-22T10:00:01.000000000Z";
  const bytes = new Uint8Array([
    ...frame(1, `${T} ${long}`),
    ...frame(2, `${T} between\n`),
    ...frame(1, `${T} end\n`),
    ...frame(1, `${later} ${long}`),
    ...frame(1, `${later} no newline`),
    ...frame(1, `${T} ${long}`),
    ...frame(1, `${later} next\n`),
  ]);
  const lines = await Array.fromAsync(logLines(chunked(bytes, 1000), { replica: "blog.7.1", tty: false }));
  assertEquals(lines.map(({ stream, text, time }) => [stream, text.replace(long, "long "), time === T]), [
    ["stderr", "between", true],
    ["stdout", "long end", true],
    ["stdout", "long no newline", false],
    ["stdout", "long ", true],
    ["stdout", "next", false],
  ]);
});

Deno.test("logLines() cuts a line that never ends", async () => {
  const bytes = new Uint8Array(Array.from({ length: 20 }, () => frame(1, `${T} ${"x".repeat(16_384)}`)).flat());
  const lines = await Array.fromAsync(logLines(chunked(bytes, 50_000), { replica: "blog.7.1", tty: false }));
  assertEquals(lines.map(({ text }) => text.length), [16 * 16_384, 4 * 16_384]);
});

Deno.test("logLines() reads a terminal's output as plain lines", async () => {
  const bytes = encode(`${T} one\r\n${T} two\r\n`);
  const lines = await Array.fromAsync(logLines(chunked(bytes, 7), { replica: "blog.7.1", tty: true }));
  assertEquals(lines.map(({ time, text }) => [time === T, text]), [[true, "one"], [true, "two"]]);
});
