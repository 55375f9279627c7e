import { messageOf, MyPaasError } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";
import { removeFile } from "./files.ts";
import { runningSha256 } from "./hash.ts";

/** A server that sends nothing for so long is given up. */
const SILENCE_MS = 60_000;
/** A version or a list of digests is shorter. */
const MAX_TEXT_BYTES = 1 << 20;
const GZIP_MARK = [0x1f, 0x8b] as const;

/**
 * Reads a small file of a web server, or of this machine (`file:///...`).
 *
 * @throws {MyPaasError} in one sentence
 */
export async function downloadText(url: string): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of parts(url)) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_TEXT_BYTES) {
      throw new MyPaasError(`Cannot download "${url}": it is longer than ${MAX_TEXT_BYTES} bytes`);
    }
  }
  return text;
}

export interface ProgramDownload {
  readonly url: string;
  /** What the file must have, as it is on the server; undefined: whoever names the file vouches for it. */
  readonly sha256: string | undefined;
  /** The new file, which others may run when this is fulfilled; it is not there when it fails. */
  readonly to: string;
}

/**
 * Downloads a program, unpacks it when it is compressed (gzip), and waits until the disk has it.
 *
 * @throws {MyPaasError} in one sentence: not there, cut off, another SHA-256, no space, may not write
 */
export async function downloadProgram({ url, sha256, to }: ProgramDownload): Promise<void> {
  const hash = runningSha256();
  async function* hashed(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const part of parts(url)) {
      hash.update(part);
      yield part;
    }
  }
  const source = hashed();
  try {
    await removeFile(to);
    const corrupt = await write(source, to).catch((error: unknown) => {
      // Whether it is what it should be is the better question.
      if (error instanceof TypeError) return error;
      throw error;
    });
    // What comes behind the end of the program belongs to the digest too.
    for await (const _ of source);
    const found = hash.digest();
    if (sha256 !== undefined && found !== sha256) {
      throw new MyPaasError(`Cannot use "${url}": it has the SHA-256 ${found}, it must be ${sha256}`, {
        hint: "It was damaged or changed on its way: try again.",
      });
    }
    if (corrupt !== undefined) throw corrupt;
  } catch (error) {
    await removeFile(to).catch(() => {});
    throw sentence(error, { url, to });
  } finally {
    await source.return(undefined);
  }
}

async function write(source: AsyncGenerator<Uint8Array<ArrayBuffer>>, to: string): Promise<undefined> {
  const first = await source.next();
  const start: Uint8Array<ArrayBuffer> = first.done === true ? new Uint8Array() : first.value;
  const whole = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(start),
    async pull(controller) {
      const { done, value } = await source.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
  const packed = GZIP_MARK.every((byte, i) => start[i] === byte);
  using file = await Deno.open(to, { write: true, createNew: true, mode: 0o755 });
  for await (const part of packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole) {
    for (let written = 0; written < part.length;) written += await file.write(part.subarray(written));
  }
  await Deno.chmod(to, 0o755);
  await file.sync();
}

/** What a server sends, as it comes. */
async function* parts(url: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const giveUp = new AbortController();
  const soon = <T>(event: Promise<T>) => within(event, { what: `"${url}" goes on`, timeoutMs: SILENCE_MS });
  try {
    const response = await soon(fetch(url, { signal: giveUp.signal }));
    if (!response.ok) throw new MyPaasError(`Cannot download "${url}": the server says ${response.status}`);
    if (new URL(response.url || url).protocol !== new URL(url).protocol) {
      throw new MyPaasError(`Cannot download "${url}": it leads to ${response.url}, which is not as safe`);
    }
    const reader = (response.body ?? new Blob().stream()).getReader();
    while (true) {
      const { done, value } = await soon(reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw sentence(error, { url });
  } finally {
    giveUp.abort();
  }
}

/** Deno's errors of the network and of a full disk have no code: their text tells them apart. */
function sentence(error: unknown, { url, to }: { readonly url: string; readonly to?: string }): unknown {
  if (error instanceof TimeoutError || !(error instanceof MyPaasError) && error instanceof TypeError) {
    const text = messageOf(error);
    const why = error instanceof TimeoutError
      ? "it does not go on"
      : text.includes("dns error")
      ? "the name is not found"
      : text.includes("Connection refused")
      ? "nothing listens there"
      : text.includes("certificate")
      ? "its certificate is not trusted"
      : url.startsWith("file:")
      ? "there is no such file"
      : text.includes("corrupt")
      ? "it is damaged"
      : "it was cut off";
    return new MyPaasError(`Cannot download "${url}": ${why}`, { cause: error, hint: "Try again." });
  }
  if (error instanceof MyPaasError || to === undefined) return error;
  if (error instanceof Deno.errors.PermissionDenied) {
    return new MyPaasError(`Cannot write "${to}": you may not`, { cause: error, hint: "Try: sudo mypaas upgrade" });
  }
  if (messageOf(error).includes("No space left")) {
    return new MyPaasError(`Cannot write "${to}": the disk is full`, { cause: error, hint: "Free some space: df -h." });
  }
  return error;
}
