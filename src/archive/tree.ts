/** One entry of a folder as the client finds it. */
export interface TreeEntry {
  /** Relative to the context, with `/`. */
  readonly path: string;
  readonly type: "file" | "dir" | "link" | "other";
  /** What is wrong with an `other`, such as `it is a socket`; empty for what can be sent. */
  readonly fault: string;
  /** Permission bits (07777). */
  readonly mode: number;
  readonly size: number;
  /** Equal as long as nobody has changed the file or its attributes: size, times and inode. */
  readonly stamp: string;
  /** When the file or its attributes were changed last, in milliseconds since 1970. */
  readonly changedMs: number;
  /** Where a link points, as it is written; empty for others. */
  readonly target: string;
}

/** A folder on the client's disk. `src/host` implements it. */
export interface Tree {
  /**
   * Entries directly inside a folder (`""`: the context itself), sorted by name. Links are not followed.
   *
   * @throws {UsageError} when the folder cannot be read
   */
  list(folder: string): Promise<readonly TreeEntry[]>;
  /**
   * The parts of a file, one after another; each at most `MAX_CHUNK_BYTES`.
   *
   * @throws {ChangedFile} when somebody wrote to it meanwhile
   */
  read(path: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /**
   * One part of a file again, when it is sent.
   *
   * @throws {MyPaasError} when the file has become shorter or is gone
   */
  readRange(path: string, offset: number, size: number): Promise<Uint8Array<ArrayBuffer>>;
  /** A small file as text (UTF-8); undefined when there is none. */
  text(path: string): Promise<string | undefined>;
}

export { MAX_CHUNK_BYTES } from "../wire/limits.ts";
