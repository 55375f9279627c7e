import { MyPaasError } from "../error.ts";
import { encodeFrame } from "../wire/frames.ts";
import { BrokenConnection, type Connection } from "./connection.ts";
import type { Retries } from "./retries.ts";

/** One PUT ends at so many bytes on the wire, well below what a server takes (32 MiB), ... */
const MOST_PUT_BYTES = 8 << 20;
/**
 * ... at fewer where connections break: each break halves it, down to this, and each PUT that got through adds a quarter.
 * What is on its way when a connection breaks is sent again.
 */
const LEAST_PUT_BYTES = 512 << 10;
/** ... at so many before compression (a server takes 64 MiB), ... */
const PUT_CONTENT_BYTES = 32 << 20;
/** ... or after so long, so that no time-out of the way cuts it on a slow line. */
const PUT_MS = 15_000;
/** Small frames go on their way together: the way of each piece costs as much as to hash and compress 100 KB. */
const PIECE_BYTES = 128 << 10;
const NOTHING = new Uint8Array();
/** PUTs at the same time. */
const LANES = 2;

/** What preparing a chunk for the wire takes; `src/host` has both. */
export interface Packing {
  /** SHA-256, 64 lower-case hex digits. */
  readonly digest: (content: Uint8Array) => string;
  /** Makes one zstd frame. */
  readonly compress: (content: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** A chunk with its content. */
export interface Part {
  readonly digest: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Reads the content again, which is not kept while it is on its way. */
  readonly again: () => Promise<Uint8Array<ArrayBuffer>>;
}

export interface UploadOptions {
  readonly service: string;
  readonly compress: Packing["compress"];
  /** Milliseconds of a clock. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each part as it goes on its way. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  readonly retries: Retries;
  /** Asks the server which of these digests it lacks. */
  readonly lacking: (digests: readonly string[]) => Promise<ReadonlySet<string>>;
}

/**
 * Sends parts to a server, in several PUTs at a time. When a connection breaks, the server is asked what arrived of that
 * PUT, and the rest is read and sent again.
 *
 * @returns the bytes that were sent, those that did not arrive included
 * @throws {MyPaasError} what the server refused, or what stopped the reading of `parts`
 * @throws {BrokenConnection} when nothing gets through any more; see `Retries`
 */
export async function uploadParts(
  connection: Pick<Connection, "putBlobs">,
  parts: AsyncGenerator<Part, undefined>,
  options: UploadOptions,
): Promise<number> {
  const { signal } = options;
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const upload = new Upload(connection, { ...options, signal: either });
  const lanes = Array.from({ length: LANES }, () => upload.send(parts).catch((error) => stop.abort(error)));
  await Promise.all(lanes);
  await parts.return(undefined);
  either.throwIfAborted();
  return upload.sentBytes;
}

/** What the lanes of one upload have in common. */
class Upload {
  sentBytes = 0;
  readonly #connection: Pick<Connection, "putBlobs">;
  readonly #options: UploadOptions & { readonly signal: AbortSignal };
  #putBytes = MOST_PUT_BYTES;

  constructor(connection: Pick<Connection, "putBlobs">, options: UploadOptions & { readonly signal: AbortSignal }) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Sends parts until there are no more, one PUT after the other. */
  async send(parts: AsyncGenerator<Part, undefined>): Promise<void> {
    for (let first = await parts.next(); first.done !== true; first = await parts.next()) {
      const put = new Put(first.value, parts, { ...this.#options, mostBytes: this.#putBytes });
      const lost = await this.#put(put);
      if (lost.length > 0) await this.send(readAgain(lost));
    }
  }

  /** @returns the parts that did not arrive */
  async #put(put: Put): Promise<readonly Part[]> {
    const { service, signal, retries, lacking } = this.#options;
    let stored: number;
    try {
      ({ stored } = await put.sentBy((stream) => this.#connection.putBlobs(service, stream, signal)));
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      this.#putBytes = Math.max(LEAST_PUT_BYTES, this.#putBytes / 2);
      const lacked = await retries.run(() => lacking(put.parts.map(({ digest }) => digest)), error);
      const lost = put.parts.filter(({ digest }) => lacked.has(digest));
      if (lost.length < put.parts.length) retries.arrived();
      return lost;
    } finally {
      this.sentBytes += put.bytes;
    }
    if (stored !== put.parts.length) {
      throw new MyPaasError(`Cannot push: the server stored ${stored} of ${put.parts.length} parts`);
    }
    retries.arrived();
    this.#putBytes = Math.min(MOST_PUT_BYTES, this.#putBytes * 1.25);
    return [];
  }
}

async function* readAgain(parts: readonly Part[]): AsyncGenerator<Part, undefined> {
  for (const part of parts) yield { ...part, content: await part.again() };
  return undefined;
}

/** The body of one PUT: it takes parts from the common supply until it is long, or old, enough. */
class Put {
  bytes = 0;
  /** What it has taken, without the contents. */
  readonly parts: Part[] = [];
  readonly #supply: AsyncGenerator<Part, undefined>;
  readonly #options: PutOptions;
  readonly #began: number;
  readonly #stream: ReadableStream<Uint8Array>;
  #next: Part | undefined;
  #contentBytes = 0;
  #pulling: Promise<unknown> = Promise.resolve();
  #over = false;
  #failure: unknown;

  constructor(first: Part, supply: AsyncGenerator<Part, undefined>, options: PutOptions) {
    this.#supply = supply;
    this.#options = options;
    this.#began = options.now();
    this.#next = first;
    this.parts.push(emptied(first));
    this.#stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const pulling = this.#pull(controller);
        this.#pulling = pulling.catch(() => {});
        return pulling;
      },
      cancel: () => void (this.#over = true),
    }, { highWaterMark: 0 });
  }

  /**
   * Sends it. When reading a part failed, that is the error, not the broken request that follows from it. When it is over no
   * more parts are taken.
   */
  async sentBy<T>(send: (body: ReadableStream<Uint8Array>) => Promise<T>): Promise<T> {
    try {
      return await send(this.#stream);
    } catch (error) {
      this.#over = true;
      await this.#pulling;
      throw this.#failure ?? error;
    }
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const { frames, size } = await this.#piece();
      if (this.#over) return;
      if (size === 0) return controller.close();
      this.bytes += size;
      controller.enqueue(joined(frames, size));
      this.#options.onSent?.(size);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #piece(): Promise<{ readonly frames: readonly Uint8Array[]; readonly size: number }> {
    const { compress, mostBytes, now } = this.#options;
    const frames: Uint8Array[] = [];
    let size = 0;
    const isFull = () =>
      this.bytes + size >= mostBytes || this.#contentBytes >= PUT_CONTENT_BYTES || now() - this.#began >= PUT_MS;
    while (this.#next !== undefined || (size < PIECE_BYTES && !isFull() && !this.#over)) {
      const part = this.#next ?? await this.#taken();
      this.#next = undefined;
      if (part === undefined) break;
      const frame = encodeFrame(part.content, { digest: part.digest, compress });
      frames.push(frame);
      size += frame.length;
      this.#contentBytes += part.content.length;
    }
    return { frames, size };
  }

  async #taken(): Promise<Part | undefined> {
    const { value } = await this.#supply.next();
    if (value !== undefined) this.parts.push(emptied(value));
    return value;
  }
}

interface PutOptions extends Pick<UploadOptions, "compress" | "now" | "onSent"> {
  /** So long, on the wire, it may be when it takes one more part. */
  readonly mostBytes: number;
}

function emptied(part: Part): Part {
  return { ...part, content: NOTHING };
}

function joined(frames: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = frames;
  if (frames.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(size);
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
