import type { BlobStore, NamedContent } from "../archive/blobs.ts";

/** A disk syncs many files at once as fast as one, so blobs are stored in batches: so many at most, ... */
const BATCH_BLOBS = 64;
/** ... of so many bytes. */
const BATCH_BYTES = 4 << 20;
/** With so many bytes in the batches of all requests none waits for more. */
const HELD_BYTES = 16 << 20;

/** The space that uploads may take. */
export interface Room {
  /**
   * Takes space for blobs of these sizes, before they are written.
   *
   * @throws {MyPaasError} when there is none
   */
  take(sizes: readonly number[]): Promise<void>;
}

export interface BatchParts {
  readonly store: Pick<BlobStore, "put">;
  readonly room: Room;
}

/** Stores the blobs of all requests, in batches. */
export class Batches {
  readonly #parts: BatchParts;
  #held = 0;

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /** The way to the disk for the blobs of one request. */
  open(service: string): BatchWriter {
    return new BatchWriter({
      hold: (bytes) => (this.#held += bytes) >= HELD_BYTES,
      store: async (blobs) => {
        await this.#parts.room.take(blobs.map(({ content }) => content.length));
        await this.#parts.store.put(service, blobs);
      },
    });
  }
}

/** Gathers blobs; one batch is written while the next one arrives. */
export class BatchWriter {
  readonly #hold: (bytes: number) => boolean;
  readonly #store: (blobs: readonly NamedContent[]) => Promise<void>;
  #batch: NamedContent[] = [];
  #bytes = 0;
  #stored = 0;
  #storing: Promise<void> = Promise.resolve();

  /** @param parts `hold` notes that so many bytes more (or less) are in memory, and says whether that is enough */
  constructor({ hold, store }: {
    readonly hold: (bytes: number) => boolean;
    readonly store: (blobs: readonly NamedContent[]) => Promise<void>;
  }) {
    this.#hold = hold;
    this.#store = store;
  }

  /** @throws what storing an earlier one failed with */
  async add(blob: NamedContent): Promise<void> {
    this.#batch.push(blob);
    this.#bytes += blob.content.length;
    const enough = this.#hold(blob.content.length);
    if (enough || this.#batch.length >= BATCH_BLOBS || this.#bytes >= BATCH_BYTES) await this.#flush();
  }

  /**
   * Stores what is left.
   *
   * @returns how many blobs were stored in all
   */
  async close(): Promise<number> {
    if (this.#batch.length > 0) await this.#flush();
    await this.#storing;
    return this.#stored;
  }

  async #flush(): Promise<void> {
    const before = this.#storing;
    this.#storing = this.#storeAfter(before, this.#batch, this.#bytes);
    this.#storing.catch(() => {});
    this.#batch = [];
    this.#bytes = 0;
    await before;
  }

  async #storeAfter(before: Promise<void>, blobs: readonly NamedContent[], bytes: number): Promise<void> {
    try {
      await before;
      await this.#store(blobs);
      this.#stored += blobs.length;
    } finally {
      this.#hold(-bytes);
    }
  }
}
