import { listContext } from "../../src/archive/context_list.ts";
import type { IgnoreRules } from "../../src/archive/ignore.ts";
import { KnownFiles } from "../../src/archive/known_files.ts";
import { type ChunkPlace, Scan } from "../../src/archive/scan.ts";
import type { Tree } from "../../src/archive/tree.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { Manifest } from "../../src/wire/manifest.ts";

/** A context that was read whole. */
export interface Scanned {
  readonly manifest: Manifest;
  /** One place of each chunk, by digest. */
  readonly places: ReadonlyMap<string, ChunkPlace>;
}

/** Lists and reads a context of which nothing is known. */
export async function scanTree(
  tree: Tree,
  context: { readonly ignore: IgnoreRules; readonly dockerfile: string },
): Promise<Scanned> {
  const known = new KnownFiles(undefined, Date.now());
  const scan = new Scan(tree, await listContext(tree, context), { digest: sha256, known });
  const places = new Map<string, ChunkPlace>();
  for await (const { digest, place } of scan.chunks()) places.set(digest, place);
  return { manifest: scan.manifest, places };
}
