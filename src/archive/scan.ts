import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";
import { MAX_CHUNK_BYTES } from "../wire/limits.ts";
import { ChangedFile } from "./changed_file.ts";
import { cutChunks } from "./chunker.ts";
import type { ContextEntry } from "./context_list.ts";
import type { KnownFiles } from "./known_files.ts";
import type { Tree } from "./tree.ts";

/** Where a chunk can be read again when it is to be sent. */
export interface ChunkPlace {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
}

/** A chunk of a file that is sent. */
export interface FoundChunk {
  /** SHA-256 of the content, 64 lower-case hex digits. */
  readonly digest: string;
  readonly place: ChunkPlace;
  /** Its bytes, where the file has just been read; undefined where it was known already. */
  readonly content: Uint8Array<ArrayBuffer> | undefined;
}

export interface ScanOptions {
  /** SHA-256 of bytes as 64 lower-case hex digits. */
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => string;
  /** What was found out before. */
  readonly known: Pick<KnownFiles, "chunks" | "learn">;
}

/** How often a file is read before it is said that somebody keeps writing to it. */
const MOST_ATTEMPTS = 4;

/** Reads a listed context file by file, as fast as its chunks are taken, and makes the manifest of it. */
export class Scan {
  /** Files read so far, and their bytes. */
  files = 0;
  bytes = 0;
  readonly #tree: Pick<Tree, "read">;
  readonly #listing: readonly ContextEntry[];
  readonly #options: ScanOptions;
  readonly #entries: ManifestEntry[] = [];

  /** @param listing as `listContext` gives it */
  constructor(tree: Pick<Tree, "read">, listing: readonly ContextEntry[], options: ScanOptions) {
    this.#tree = tree;
    this.#listing = listing;
    this.#options = options;
  }

  /**
   * The chunks of all files in order; one that is there more than once comes more than once.
   *
   * @throws {ChangedFile} for a file that goes on changing
   */
  async *chunks(): AsyncGenerator<FoundChunk, void, void> {
    for (const entry of this.#listing) {
      switch (entry.type) {
        case "file":
          yield* this.#file(entry);
          break;
        case "dir":
          this.#entries.push({ type: "dir", path: entry.path, mode: entry.mode });
          break;
        case "link":
          this.#entries.push({ type: "link", path: entry.path, target: entry.target });
      }
    }
  }

  /** What was found; whole once `chunks` has come to its end. */
  get manifest(): Manifest {
    return { entries: this.#entries };
  }

  async *#file(entry: ContextEntry): AsyncGenerator<FoundChunk, void, void> {
    const { path, mode, buildOnly } = entry;
    let chunks = this.#options.known.chunks(entry);
    let size = 0;
    if (chunks === undefined) {
      chunks = yield* this.#readUnchanged(entry);
      this.#options.known.learn(entry, chunks);
      size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
    } else {
      for (const chunk of chunks) {
        yield { digest: chunk.digest, place: { path, offset: size, size: chunk.size }, content: undefined };
        size += chunk.size;
      }
      this.bytes += size;
    }
    this.#entries.push({ type: "file", path, mode, size, chunks, ...buildOnly && { buildOnly } });
    this.files++;
  }

  /** Reads a file, and once more while it changes. What was found before is sent as well, and does no harm. */
  async *#readUnchanged(entry: ContextEntry): AsyncGenerator<FoundChunk, readonly Chunk[], void> {
    const before = this.bytes;
    for (let attempt = 1;; attempt++) {
      try {
        return yield* this.#read(entry);
      } catch (error) {
        if (!(error instanceof ChangedFile) || attempt === MOST_ATTEMPTS) throw error;
        this.bytes = before;
      }
    }
  }

  async *#read(entry: ContextEntry): AsyncGenerator<FoundChunk, readonly Chunk[], void> {
    const { path } = entry;
    const chunks: Chunk[] = [];
    let offset = 0;
    for await (const content of this.#contents(entry)) {
      const chunk = { digest: this.#options.digest(content), size: content.length };
      chunks.push(chunk);
      yield { digest: chunk.digest, place: { path, offset, size: chunk.size }, content };
      offset += chunk.size;
      this.bytes += chunk.size;
    }
    return chunks;
  }

  /** A small file is one chunk: to cut it would save less than it costs to name the pieces. */
  #contents({ path, size }: ContextEntry): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const parts = this.#tree.read(path);
    return size > MAX_CHUNK_BYTES ? cutChunks(parts) : parts;
  }
}
