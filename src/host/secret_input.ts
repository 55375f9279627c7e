import { MyPaasError, UsageError } from "../error.ts";

const [CTRL_C, CTRL_D, BACKSPACE, NEWLINE, RETURN, CTRL_U, DELETE] = [3, 4, 8, 10, 13, 21, 127];
const SPACE = 32;

/**
 * Asks for one line on the terminal that standard input is, without showing what is typed.
 *
 * @param prompt is written to standard error
 * @throws {MyPaasError} when Ctrl-C or Ctrl-D ends it
 */
export async function askSecret(prompt: string): Promise<string> {
  const line = new HiddenLine();
  // Before the prompt: what is typed in answer to it must not be shown.
  Deno.stdin.setRaw(true);
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(prompt));
    const buffer = new Uint8Array(4096);
    while (true) {
      const count = await Deno.stdin.read(buffer);
      const typed = count === null ? "given up" : line.type(buffer.subarray(0, count));
      if (typed === "done") return line.text;
      if (typed === "given up") throw new MyPaasError("Cannot read the value: it was not given");
    }
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(new Uint8Array([NEWLINE]));
  }
}

/** What is typed into a terminal in raw mode. */
export class HiddenLine {
  #bytes: number[] = [];

  /** @throws {UsageError} when it is not UTF-8 */
  get text(): string {
    return decoded(new Uint8Array(this.#bytes));
  }

  /** Takes bytes up to the end of the line. */
  type(bytes: Uint8Array): "more" | "done" | "given up" {
    for (const byte of bytes) {
      if (byte === RETURN || byte === NEWLINE) return "done";
      if (byte === CTRL_C) return "given up";
      if (byte === CTRL_D) return this.#bytes.length === 0 ? "given up" : "done";
      if (byte === CTRL_U) this.#bytes = [];
      else if (byte === BACKSPACE || byte === DELETE) this.#removeLast();
      else if (byte >= SPACE) this.#bytes.push(byte);
    }
    return "more";
  }

  /** One character, which is several bytes in UTF-8 when it is not ASCII. */
  #removeLast(): void {
    while ((this.#bytes.pop() ?? 0) >> 6 === 0b10) { /* a byte that continues a character */ }
  }
}

/**
 * Reads a secret from standard input, which is a pipe or a file, to its end.
 *
 * @throws {UsageError} when it is longer than `maxBytes`, or not UTF-8
 */
export async function pipedSecret(maxBytes: number): Promise<string> {
  return decoded(await readAtMost(Deno.stdin.readable, maxBytes));
}

/** Reads a secret from a file. @throws {UsageError} when it is not there, longer than `maxBytes`, or not UTF-8 */
export async function secretFile(path: string, maxBytes: number): Promise<string> {
  try {
    return decoded(await readAtMost((await Deno.open(path)).readable, maxBytes));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.PermissionDenied
      ? "permission denied"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : undefined;
    if (reason === undefined) throw error;
    throw new UsageError(`Cannot read "${path}": ${reason}`, { cause: error });
  }
}

async function readAtMost(stream: ReadableStream<Uint8Array<ArrayBuffer>>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > maxBytes) throw new UsageError(`Cannot read the value: it is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError("Cannot read the value: it is not text in UTF-8", { cause });
  }
}
