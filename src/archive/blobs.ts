import type { Chunk } from "../wire/manifest.ts";

/** Stored chunks, named by their digest and kept apart by service. `src/host` implements it. */
export interface BlobStore {
  has(service: string, digest: string): Promise<boolean>;
  /** Stores a chunk durably; it is there as a whole or not at all. `content` is what `digest` names: the caller checked. */
  put(service: string, digest: string, content: Uint8Array): Promise<void>;
}

/** Reads chunks that somebody less trusted may have written. `src/host` implements it. */
export interface BlobSource {
  /**
   * Opens without following links or waiting for a pipe, takes only a regular file of exactly `chunk.size` bytes, and
   * checks the SHA-256.
   *
   * @throws {MyPaasError} naming the digest when it is missing or is not what its name says
   */
  read(service: string, chunk: Chunk): Promise<Uint8Array<ArrayBuffer>>;
  /** Which of these have no file at all. What a file holds only `read` tells. */
  gone(service: string, digests: Iterable<string>): Promise<readonly string[]>;
}
