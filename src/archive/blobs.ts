import { MyPaasError } from "../error.ts";
import type { Chunk } from "../wire/manifest.ts";

/** A chunk's content with its name; whoever passes it on has checked that they belong together. */
export interface NamedContent {
  /** SHA-256, 64 lower-case hex digits. */
  readonly digest: string;
  readonly content: Uint8Array;
}

/** Stored chunks, named by their digest and kept apart by service. `src/host` implements it. */
export interface BlobStore {
  /**
   * Which of these a service has not. Those that it has count as used now, so that they are not collected while a push
   * relies on them.
   */
  lacking(service: string, digests: readonly string[]): Promise<readonly string[]>;
  /** Stores chunks durably; each is there as a whole or not at all, whatever becomes of the others. */
  put(service: string, chunks: readonly NamedContent[]): Promise<void>;
}

/** Reads chunks that somebody less trusted may have written. `src/host` implements it. */
export interface BlobSource {
  /**
   * Opens without following links or waiting for a pipe, takes only a regular file of exactly `chunk.size` bytes, and
   * checks the SHA-256.
   *
   * @throws {DamagedPart} when its content is not what its name says
   * @throws {MyPaasError} naming the digest when it is missing or no file of this folder
   */
  read(service: string, chunk: Chunk): Promise<Uint8Array<ArrayBuffer>>;
  /** Which of these have no file at all. What a file holds only `read` tells. */
  gone(service: string, digests: Iterable<string>): Promise<readonly string[]>;
}

/** A stored chunk has other content than its name says: a disk's fault, or somebody's doing. */
export class DamagedPart extends MyPaasError {}

/** What a stored chunk counts as: at least what a file system sets apart for one file (ext4: an inode for every 16 KiB). */
export function chunkSpace(bytes: number): number {
  return Math.max(bytes, 16 << 10);
}
