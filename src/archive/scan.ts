import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";
import { whileItChanges } from "./changed_file.ts";
import { type ContextEntry, listContext } from "./context_list.ts";
import type { IgnoreRules } from "./ignore.ts";
import type { Tree } from "./tree.ts";

/** Where a chunk can be read again when it is to be sent. */
export interface ChunkPlace {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
}

export interface Scan {
  readonly manifest: Manifest;
  /** One place of each chunk, by digest. */
  readonly places: ReadonlyMap<string, ChunkPlace>;
}

export interface ScanOptions {
  readonly ignore: IgnoreRules;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  /** SHA-256 of bytes as 64 lower-case hex digits. */
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => string;
}

/**
 * Lists and hashes what a push sends (`listContext`). A file that changes while it is read is read again.
 *
 * @throws {ChangedFile} when it goes on changing
 */
export async function scanTree(tree: Tree, { ignore, dockerfile, digest }: ScanOptions): Promise<Scan> {
  const entries: ManifestEntry[] = [];
  const places = new Map<string, ChunkPlace>();

  async function chunksOf(path: string): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = [];
    let offset = 0;
    for await (const part of tree.read(path)) {
      const chunk = { digest: digest(part), size: part.length };
      if (!places.has(chunk.digest)) places.set(chunk.digest, { path, offset, size: chunk.size });
      chunks.push(chunk);
      offset += chunk.size;
    }
    return chunks;
  }

  async function manifestEntry(entry: ContextEntry): Promise<ManifestEntry> {
    const { type, path, mode, target, buildOnly } = entry;
    switch (type) {
      case "file": {
        const chunks = await whileItChanges(() => chunksOf(path));
        const size = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
        return { type, path, mode, size, chunks, ...buildOnly && { buildOnly } };
      }
      case "dir":
        return { type, path, mode };
      case "link":
        return { type, path, target };
    }
  }

  for (const entry of await listContext(tree, { ignore, dockerfile })) entries.push(await manifestEntry(entry));
  return { manifest: { entries }, places };
}
