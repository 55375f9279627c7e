import type { LogLine } from "../deploy/runtime.ts";
import { ByteReader, joinBytes } from "./streams.ts";

/** A line without an end is cut here, so that memory has one. */
const MAX_LINE_BYTES = 256 * 1024;
const HEADER_BYTES = 8;
const NEWLINE = 10;

interface Frame {
  readonly stream: LogLine["stream"];
  readonly bytes: Uint8Array;
}

/**
 * Reads the lines of `GET /containers/{id}/logs` with `timestamps=1`.
 *
 * Without a terminal the answer is in frames of 8 bytes (`[type, 0, 0, 0, length as 32 bits big endian]`, type 2 is
 * stderr) and their payload; each carries one message, which is a line, or the part of a long line, behind its time.
 * With a terminal it is plain lines. Order is kept within stdout and within stderr, not between them.
 */
export async function* logLines(
  chunks: AsyncIterable<Uint8Array>,
  { replica, tty }: { readonly replica: string; readonly tty: boolean },
): AsyncIterable<LogLine> {
  const open = { stdout: new OpenLine(), stderr: new OpenLine() };
  for await (const { stream, bytes } of tty ? plainFrames(chunks) : frames(chunks)) {
    const line = open[stream];
    line.add(bytes);
    if (bytes.at(-1) === NEWLINE || line.length >= MAX_LINE_BYTES) yield { replica, stream, ...line.take() };
  }
  for (const stream of ["stdout", "stderr"] as const) {
    if (open[stream].length > 0) yield { replica, stream, ...open[stream].take() };
  }
}

async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Frame> {
  const reader = new ByteReader(chunks);
  try {
    while (true) {
      const header = await reader.take(HEADER_BYTES);
      if (header === undefined) return;
      const bytes = await reader.take(new DataView(header.buffer, header.byteOffset).getUint32(4));
      if (bytes === undefined) return;
      yield { stream: header[0] === 2 ? "stderr" : "stdout", bytes };
    }
  } finally {
    await reader.cancel();
  }
}

async function* plainFrames(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Frame> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    rest = joinBytes([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield { stream: "stdout", bytes: rest.subarray(0, end + 1) };
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield { stream: "stdout", bytes: rest };
}

/** A line of which some messages have come. Each message begins with a time and a space; the first one's counts. */
class OpenLine {
  #parts: Uint8Array[] = [];
  #time = "";
  length = 0;

  add(message: Uint8Array): void {
    const space = message.indexOf(32);
    if (this.#parts.length === 0) this.#time = new TextDecoder().decode(message.subarray(0, Math.max(0, space)));
    const part = message.subarray(space + 1);
    this.#parts.push(part);
    this.length += part.length;
  }

  take(): { readonly time: string; readonly text: string } {
    const text = new TextDecoder().decode(joinBytes(this.#parts)).replace(/\r?\n$/, "");
    this.#parts = [];
    this.length = 0;
    return { time: this.#time, text };
  }
}
