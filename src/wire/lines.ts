// Newline-delimited JSON: each value on one line, ended by "\n". An empty line says nothing: it may be sent to keep a
// connection open.
import { MyPaasError } from "../error.ts";
import { MAX_LINE_BYTES } from "./limits.ts";

const NEWLINE = 0x0a;

/** Writes one value as a line. */
export function encodeLine(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

export interface DecodeLinesOptions {
  /** Ends the reading: what is waited for is given up, and the body is cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of one line at most. */
  readonly maxLineBytes?: number;
}

/**
 * Reads values as they come, one line in memory at a time. Stopping early cancels the body.
 *
 * @throws {MyPaasError} when a line is too long, is not JSON, or the body ends inside one
 * @throws the signal's reason when it aborts
 */
export async function* decodeLines(
  body: ReadableStream<Uint8Array>,
  { signal, maxLineBytes = MAX_LINE_BYTES }: DecodeLinesOptions = {},
): AsyncGenerator<unknown, void, void> {
  const line = new Uint8Array(new ArrayBuffer(0, { maxByteLength: maxLineBytes }));
  let number = 1;
  for await (const part of abortable(body, signal)) {
    let rest = part;
    while (rest.length > 0) {
      const end = rest.indexOf(NEWLINE);
      const piece = end === -1 ? rest : rest.subarray(0, end);
      append(line, piece, { number, maxLineBytes });
      if (end === -1) break;
      rest = rest.subarray(end + 1);
      if (line.length > 0) yield parseLine(line, number);
      line.buffer.resize(0);
      number++;
    }
  }
  if (line.length > 0) throw new MyPaasError("Cannot read the stream: it ends inside a line");
}

/** Adds bytes to a line whose buffer grows in place. */
function append(
  line: Uint8Array<ArrayBuffer>,
  piece: Uint8Array,
  { number, maxLineBytes }: { readonly number: number; readonly maxLineBytes: number },
): void {
  const start = line.length;
  if (start + piece.length > maxLineBytes) {
    throw new MyPaasError(`Cannot read the stream: line ${number} is longer than ${maxLineBytes} bytes`);
  }
  line.buffer.resize(start + piece.length);
  line.set(piece, start);
}

function parseLine(line: Uint8Array<ArrayBuffer>, number: number): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line.slice()));
  } catch (cause) {
    throw new MyPaasError(`Cannot read the stream: line ${number} is not JSON`, { cause });
  }
}

/** The parts of a body until it ends or the signal aborts; either way, and when nobody wants more, it is let go. */
async function* abortable(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  signal?.throwIfAborted();
  const reader = body.getReader();
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", abort, { once: true });
  try {
    while (true) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
