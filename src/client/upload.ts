import { MyPaasError } from "../error.ts";
import { encodeFrame } from "../wire/frames.ts";
import type { Connection } from "./connection.ts";

/** One PUT ends at so many bytes on the wire, well below what a server takes (32 MiB), ... */
const PUT_BYTES = 8 << 20;
/** ... at so many before compression (a server takes 64 MiB), ... */
const PUT_CONTENT_BYTES = 32 << 20;
/** ... or after so long, so that no time-out of the way cuts it on a slow line. */
const PUT_MS = 15_000;
/** Small frames go on their way together: the way of each piece costs as much as to hash and compress 100 KB. */
const PIECE_BYTES = 128 << 10;
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
}

export interface UploadOptions {
  readonly service: string;
  readonly compress: Packing["compress"];
  /** Milliseconds of a clock. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each part as it goes on its way. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/**
 * Sends parts to a server, in several PUTs at a time.
 *
 * @returns the bytes that were sent
 * @throws {MyPaasError} what the server refused, or what stopped the reading of `parts`
 */
export async function uploadParts(
  connection: Pick<Connection, "putBlobs">,
  parts: AsyncGenerator<Part, undefined>,
  { service, compress, now, signal, onSent }: UploadOptions,
): Promise<number> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let sentBytes = 0;
  const lane = async () => {
    for (let first = await parts.next(); first.done !== true; first = await parts.next()) {
      const put = new Put(first.value, parts, { compress, now, onSent });
      const { stored } = await put.sentBy((stream) => connection.putBlobs(service, stream, either));
      sentBytes += put.bytes;
      if (stored !== put.parts) {
        throw new MyPaasError(`Cannot push: the server stored ${stored} of ${put.parts} parts`);
      }
    }
  };
  const lanes = Array.from({ length: LANES }, () => lane().catch((error) => stop.abort(error)));
  await Promise.all(lanes);
  await parts.return(undefined);
  either.throwIfAborted();
  return sentBytes;
}

/** The body of one PUT: it takes parts from the common supply until it is long, or old, enough. */
class Put {
  bytes = 0;
  parts = 0;
  readonly #stream: ReadableStream<Uint8Array>;
  #failure: unknown;

  constructor(
    first: Part,
    supply: AsyncGenerator<Part, undefined>,
    { compress, now, onSent }: Pick<UploadOptions, "compress" | "now" | "onSent">,
  ) {
    const began = now();
    let next: Part | undefined = first;
    let contentBytes = 0;
    const isFull = () => this.bytes >= PUT_BYTES || contentBytes >= PUT_CONTENT_BYTES || now() - began >= PUT_MS;
    this.#stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const frames: Uint8Array[] = [];
          let size = 0;
          while (next !== undefined || (size < PIECE_BYTES && !isFull())) {
            const part = next ?? (await supply.next()).value;
            next = undefined;
            if (part === undefined) break;
            const frame = encodeFrame(part.content, { digest: part.digest, compress });
            frames.push(frame);
            size += frame.length;
            this.bytes += frame.length;
            this.parts++;
            contentBytes += part.content.length;
          }
          if (size === 0) return controller.close();
          controller.enqueue(joined(frames, size));
          onSent?.(size);
        } catch (error) {
          this.#failure = error;
          throw error;
        }
      },
    }, { highWaterMark: 0 });
  }

  /** Sends it. When reading a part failed, that is the error, not the broken request that follows from it. */
  async sentBy<T>(send: (body: ReadableStream<Uint8Array>) => Promise<T>): Promise<T> {
    try {
      return await send(this.#stream);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }
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
