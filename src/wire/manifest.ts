/** One part of a file, stored and asked for by its name. */
export interface Chunk {
  /** SHA-256 of the content, 64 lower-case hex digits. */
  readonly digest: string;
  /** Bytes, uncompressed. */
  readonly size: number;
}

/** One entry of a build context. Paths are relative, with `/`, and never contain `.`, `..` or empty parts. */
export type ManifestEntry =
  | {
    readonly type: "file";
    readonly path: string;
    readonly mode: number;
    readonly size: number;
    readonly chunks: readonly Chunk[];
    /** The server builds from it, and it is no part of what `COPY . .` copies: a Dockerfile that is ignored. */
    readonly buildOnly?: true;
  }
  | { readonly type: "dir"; readonly path: string; readonly mode: number }
  | { readonly type: "link"; readonly path: string; readonly target: string };

/** All that a push sends, sorted by path (by UTF-16 code units), each path once, parents before children. */
export interface Manifest {
  readonly entries: readonly ManifestEntry[];
}
