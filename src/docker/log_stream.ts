import { joinBytes } from "../archive/byte_reader.ts";
import type { LogLine } from "../deploy/runtime.ts";
import { type Frame, frames } from "./frames.ts";

/** A line without an end is cut here, so that memory has one. */
const MAX_LINE_BYTES = 256 * 1024;
/** The Engine cuts a longer line into messages of exactly this length and a shorter last one. */
const PART_BYTES = 16 * 1024;
const NEWLINE = 10;
const SPACE = 32;

/**
 * Reads the lines of `GET /containers/{id}/logs` with `timestamps=1`.
 *
 * Without a terminal the answer is in frames of 8 bytes (`[type, 0, 0, 0, length as 32 bits big endian]`, type 2 is
 * stderr) and their payload; each carries one message, which is a line, or a part of a long line, behind its time. The
 * parts of a line have the same time; Engine 20.10 leaves out the newline behind the last (seen with its `local` driver).
 * With a terminal it is plain lines. Order is kept within stdout and within stderr, not between them.
 */
export async function* logLines(
  chunks: AsyncIterable<Uint8Array>,
  { replica, tty }: { readonly replica: string; readonly tty: boolean },
): AsyncIterable<LogLine> {
  const open = { stdout: new OpenLine(), stderr: new OpenLine() };
  for await (const { stream, bytes } of tty ? plainFrames(chunks) : frames(chunks)) {
    const line = open[stream];
    const space = Math.max(0, bytes.indexOf(SPACE));
    const time = new TextDecoder().decode(bytes.subarray(0, space));
    const part = bytes.subarray(space + 1);
    if (line.length > 0 && line.time !== time) yield { replica, stream, ...line.take() };
    line.add(time, part);
    const isLast = part.at(-1) === NEWLINE || part.length < PART_BYTES;
    if (isLast || line.length >= MAX_LINE_BYTES) yield { replica, stream, ...line.take() };
  }
  for (const stream of ["stdout", "stderr"] as const) {
    if (open[stream].length > 0) yield { replica, stream, ...open[stream].take() };
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

/** A line of which some parts have come. */
class OpenLine {
  #parts: Uint8Array[] = [];
  time = "";
  length = 0;

  add(time: string, part: Uint8Array): void {
    this.time = time;
    this.#parts.push(part);
    this.length += part.length;
  }

  take(): { readonly time: string; readonly text: string } {
    const text = new TextDecoder().decode(joinBytes(this.#parts)).replace(/\r?\n$/, "");
    this.#parts = [];
    this.length = 0;
    return { time: this.time, text };
  }
}
