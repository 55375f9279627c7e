import type { Tree } from "../archive/tree.ts";
import { MyPaasError } from "../error.ts";
import { encodeFrame } from "../wire/frames.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { Connection } from "./connection.ts";

/** One PUT ends at so many bytes on the wire, well below what a server takes (32 MiB). */
const PUT_BYTES = 8 << 20;
/** And at so many before compression (a server takes 64 MiB). */
const PUT_CONTENT_BYTES = 32 << 20;
/** One PUT ends after so long, so that no time-out of the way cuts it on a slow line. */
const PUT_MS = 15_000;
/** PUTs at the same time. */
const LANES = 2;

/** What preparing a part for the wire takes; `src/host` has both. */
export interface Packing {
  /** SHA-256, 64 lower-case hex digits. */
  readonly sha256: (content: Uint8Array) => string;
  /** zstd, one frame. */
  readonly compress: (content: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** A chunk with its content. */
interface Part {
  readonly digest: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the chunks that a server lacks, each once, in the order of the manifest.
 *
 * @throws {MyPaasError} naming a file that is no longer what the manifest says
 */
export async function* lackingParts(
  tree: Pick<Tree, "read">,
  { entries }: Manifest,
  { lacking, sha256 }: { readonly lacking: ReadonlySet<string>; readonly sha256: Packing["sha256"] },
): AsyncGenerator<Part, undefined> {
  const left = new Set(lacking);
  for (const entry of entries) {
    if (entry.type !== "file" || !entry.chunks.some(({ digest }) => left.has(digest))) continue;
    let read = 0;
    for await (const content of tree.read(entry.path)) {
      const chunk = entry.chunks[read++];
      if (chunk === undefined || sha256(content) !== chunk.digest) throw changed(entry.path);
      if (left.delete(chunk.digest)) yield { digest: chunk.digest, content };
    }
    if (read !== entry.chunks.length) throw changed(entry.path);
  }
}

export interface UploadOptions {
  readonly service: string;
  readonly compress: Packing["compress"];
  /** Milliseconds of a clock. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends parts to a server, several PUTs at a time.
 *
 * @returns the bytes that were sent
 * @throws {MyPaasError} what the server refused, or what stopped the reading of `parts`
 */
export async function uploadParts(
  connection: Pick<Connection, "putBlobs">,
  parts: AsyncGenerator<Part, undefined>,
  { service, compress, now, signal }: UploadOptions,
): Promise<number> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let sentBytes = 0;
  const lane = async () => {
    for (let first = await parts.next(); !first.done; first = await parts.next()) {
      const body = new PutBody(first.value, parts, { compress, now });
      const { stored } = await body.sentBy((stream) => connection.putBlobs(service, stream, either));
      sentBytes += body.bytes;
      if (stored !== body.parts) {
        throw new MyPaasError(`Cannot push: the server stored ${stored} of ${body.parts} parts`);
      }
    }
  };
  const lanes = Array.from({ length: LANES }, () =>
    lane().catch((error) => {
      stop.abort(error);
      throw error;
    }));
  await Promise.allSettled(lanes);
  await parts.return(undefined);
  signal?.throwIfAborted();
  stop.signal.throwIfAborted();
  return sentBytes;
}

/** The body of one PUT: it takes parts from the common supply until it is long, or old, enough. */
class PutBody {
  readonly #stream: ReadableStream<Uint8Array>;
  #failure: unknown;
  bytes = 0;
  parts = 0;

  constructor(
    first: Part,
    supply: AsyncGenerator<Part, undefined>,
    { compress, now }: Pick<UploadOptions, "compress" | "now">,
  ) {
    const began = now();
    let next: Part | undefined = first;
    let contentBytes = 0;
    this.#stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const part = next ?? (await supply.next()).value;
          next = undefined;
          if (part === undefined) return controller.close();
          const frame = encodeFrame(part.digest, compress(part.content));
          this.bytes += frame.length;
          this.parts++;
          contentBytes += part.content.length;
          controller.enqueue(frame);
          const full = this.bytes >= PUT_BYTES || contentBytes >= PUT_CONTENT_BYTES || now() - began >= PUT_MS;
          if (full) controller.close();
        } catch (error) {
          this.#failure = error;
          throw error;
        }
      },
    }, { highWaterMark: 0 });
  }

  /** Sends it; when reading a part failed, that is the error, and not the broken request that follows from it. */
  async sentBy<T>(send: (body: ReadableStream<Uint8Array>) => Promise<T>): Promise<T> {
    try {
      return await send(this.#stream);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }
}

function changed(path: string): MyPaasError {
  return new MyPaasError(`Cannot send "${path}": it changed while it was read`, {
    hint: "Push again when nothing writes to it, or name it in .dockerignore.",
  });
}
