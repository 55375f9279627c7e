import { assert, assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { within } from "../../src/wait.ts";
import { decodeLines, encodeLine } from "../../src/wire/lines.ts";

const encoder = new TextEncoder();

function body(...parts: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map((part) => encoder.encode(part)));
}

async function read(stream: ReadableStream<Uint8Array>, maxLineBytes?: number): Promise<unknown[]> {
  return await Array.fromAsync(decodeLines(stream, maxLineBytes === undefined ? {} : { maxLineBytes }));
}

Deno.test("encodeLine() writes one line, whatever the text", () => {
  assertEquals(encodeLine({ a: "x\ny" }), encoder.encode('{"a":"x\\ny"}\n'));
});

Deno.test("values come back, wherever the body is split", async () => {
  const values = [{ text: "ü\u{1f600}\n" }, 1, "x", null, { list: [1, 2] }];
  const whole = new Uint8Array(await new Blob(values.map(encodeLine)).arrayBuffer());
  for (let size = 1; size <= whole.length; size++) {
    const parts: Uint8Array[] = [];
    for (let start = 0; start < whole.length; start += size) parts.push(whole.subarray(start, start + size));
    assertEquals(await read(ReadableStream.from(parts)), values, `parts of ${size} bytes`);
  }
});

Deno.test("decodeLines() passes over empty lines", async () => {
  assertEquals(await read(body("\n1\n\n", "\n2\n\n")), [1, 2]);
});

Deno.test("decodeLines() refuses what is not JSON, naming the line", async () => {
  await assertRejects(() => read(body("1\n\n<html>\n")), MyPaasError, "Cannot read the stream: line 3 is not JSON");
});

Deno.test("decodeLines() refuses a body that ends inside a line", async () => {
  await assertRejects(() => read(body("1\n2")), MyPaasError, "Cannot read the stream: it ends inside a line");
});

Deno.test("decodeLines() refuses a line over the limit before it is whole", async () => {
  assertEquals(await read(body('"34567', '8"\n"x"\n'), 9), ["345678", "x"]);
  const error = await assertRejects(() => read(body("1\n", '"3456', "78901"), 9), MyPaasError);
  assertEquals(error.message, "Cannot read the stream: line 2 is longer than 9 bytes");
});

/** A body that gives one line and then nothing more, and tells when it is cancelled. */
function silentBody(): { readonly stream: ReadableStream<Uint8Array>; readonly cancelled: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode("1\n")),
    cancel: () => resolve(),
  });
  return { stream, cancelled: promise };
}

Deno.test("decodeLines() gives up waiting when the signal aborts, and cancels the body", async () => {
  const { stream, cancelled } = silentBody();
  const controller = new AbortController();
  const reason = new Error("enough");
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const value of decodeLines(stream, { signal: controller.signal })) {
      seen.push(value);
      queueMicrotask(() => controller.abort(reason));
    }
  }, Error);
  assertEquals([error, seen], [reason, [1]]);
  await within(cancelled, { what: "the body is cancelled", timeoutMs: 1000 });
});

Deno.test("decodeLines() reads nothing when the signal has aborted", async () => {
  const lines = decodeLines(body("1\n"), { signal: AbortSignal.abort(new Error("enough")) });
  await assertRejects(() => lines.next(), Error, "enough");
});

Deno.test("decodeLines() cancels the body when nobody wants more", async () => {
  const { stream, cancelled } = silentBody();
  for await (const value of decodeLines(stream)) {
    assert(value === 1);
    break;
  }
  await within(cancelled, { what: "the body is cancelled", timeoutMs: 1000 });
});
