import { ChangedFile } from "../archive/changed_file.ts";
import type { FoundChunk } from "../archive/scan.ts";
import type { Tree } from "../archive/tree.ts";
import { MyPaasError } from "../error.ts";
import { parseMissingAnswer } from "../wire/answer_schemas.ts";
import type { MissingRequest } from "../wire/requests.ts";
import type { Connection } from "./connection.ts";
import { jsonBytes } from "./json_bytes.ts";
import type { Retries } from "./retries.ts";
import type { Packing, Part } from "./upload.ts";

/** So many digests are asked for at once, ... */
const BATCH_DIGESTS = 2000;
/** ... or fewer, when so much content waits in memory for the answer. Two batches are under way at a time. */
const BATCH_BYTES = 8 << 20;

export interface LackingPartsOptions {
  readonly connection: Pick<Connection, "json">;
  readonly retries: Retries;
  readonly service: string;
  /** All that is pushed. */
  readonly context: MissingRequest["context"];
  /** Where chunks are read again whose content is not in memory. */
  readonly tree: Pick<Tree, "readRange">;
  readonly digest: Packing["digest"];
  /** Whether the server is known to have a chunk. */
  readonly has: (digest: string) => boolean;
  /** The chunks that are sent when they are lacking; undefined: all. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called often while chunks are found. */
  readonly onFound: () => void;
  /** Called when all chunks were found, and when the server has said of all whether it lacks them. */
  readonly onAllFound: () => void;
  readonly onAllAsked: () => void;
}

/**
 * Picks what a server lacks out of the chunks of a scan, while the scan goes on: one batch is hashed and asked for while the
 * one before it is sent.
 */
export class LackingParts {
  /** What the server has said to lack so far: sizes by digest. */
  readonly lacking = new Map<string, number>();
  lackingBytes = 0;
  /** Bytes of the questions. */
  askedBytes = 0;
  readonly #chunks: AsyncGenerator<FoundChunk, void, void>;
  readonly #options: LackingPartsOptions;
  readonly #seen = new Set<string>();
  #ended = false;

  constructor(chunks: AsyncGenerator<FoundChunk, void, void>, options: LackingPartsOptions) {
    this.#chunks = chunks;
    this.#options = options;
  }

  /**
   * The chunks to send, each content once.
   *
   * @throws {ChangedFile} when a chunk of a known file is not there any more
   */
  async *parts(): AsyncGenerator<Part, undefined> {
    const ahead = () => {
      const batch = this.#batch();
      // Nobody may take it, when sending has failed.
      batch.catch(() => {});
      return batch;
    };
    let next = ahead();
    for (let batch = await next; batch !== undefined; batch = await next) {
      next = ahead();
      // Taken out one by one, so that what is sent is not kept.
      for (let chunk = batch.shift(); chunk !== undefined; chunk = batch.shift()) {
        const { digest, place } = chunk;
        const again = () => this.#read(digest, place);
        yield { digest, content: chunk.content ?? await again(), again };
      }
    }
    return undefined;
  }

  /** Finds the next chunks, and asks which of them are lacking; undefined when there are no more. */
  async #batch(): Promise<FoundChunk[] | undefined> {
    const { has, only, onFound, onAllFound, onAllAsked, signal } = this.#options;
    if (this.#ended) return undefined;
    const found = new Map<string, FoundChunk>();
    let bytes = 0;
    while (found.size < BATCH_DIGESTS && bytes < BATCH_BYTES) {
      const { done, value } = await this.#chunks.next();
      signal?.throwIfAborted();
      onFound();
      if (done) {
        this.#ended = true;
        onAllFound();
        break;
      }
      if (this.#seen.has(value.digest)) continue;
      this.#seen.add(value.digest);
      if (has(value.digest)) continue;
      found.set(value.digest, value);
      bytes += value.content?.length ?? 0;
    }
    const lacking = found.size === 0 ? [] : await this.#ask(found);
    if (this.#ended) onAllAsked();
    return only === undefined ? lacking : lacking.filter(({ digest }) => only.has(digest));
  }

  async #ask(found: ReadonlyMap<string, FoundChunk>): Promise<FoundChunk[]> {
    const missing = await this.#options.retries.run(() => this.#question([...found.keys()]));
    const lacking: FoundChunk[] = [];
    for (const digest of missing) {
      const chunk = found.get(digest);
      if (chunk === undefined) continue;
      lacking.push(chunk);
      this.lacking.set(digest, chunk.place.size);
      this.lackingBytes += chunk.place.size;
    }
    return lacking;
  }

  /** What the server lacks of parts that were on their way when a connection broke. */
  async lost(digests: readonly string[]): Promise<ReadonlySet<string>> {
    const lost = new Set<string>();
    for (let from = 0; from < digests.length; from += BATCH_DIGESTS) {
      for (const digest of await this.#question(digests.slice(from, from + BATCH_DIGESTS))) lost.add(digest);
    }
    return lost;
  }

  async #question(digests: readonly string[]): Promise<ReadonlySet<string>> {
    const { connection, service, context, signal } = this.#options;
    const path = `/v1/missing?service=${encodeURIComponent(service)}`;
    const body = jsonBytes({ digests, context } satisfies MissingRequest);
    this.askedBytes += body.length;
    const answer = await connection.json("POST", path, { body, parse: parseMissingAnswer, from: "receiver", signal });
    return new Set(answer.missing);
  }

  async #read(digest: string, { path, offset, size }: FoundChunk["place"]): Promise<Part["content"]> {
    let content;
    try {
      content = await this.#options.tree.readRange(path, offset, size);
    } catch (error) {
      throw error instanceof MyPaasError ? new ChangedFile(path, error) : error;
    }
    if (this.#options.digest(content) !== digest) throw new ChangedFile(path);
    return content;
  }
}
