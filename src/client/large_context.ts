import { largestPaths } from "../archive/largest_paths.ts";
import type { ManifestEntry } from "../wire/manifest.ts";
import type { UploadEvent } from "./progress.ts";

/** A push that sends no more says nothing of it. */
const MUCH_BYTES = 100_000_000;
const PATHS = 5;

/**
 * Where the bytes are of which a push sends many; undefined when it does not.
 *
 * @param lacking digests of the chunks that are sent; each counts once, before compression
 */
export function largeContext(
  entries: readonly ManifestEntry[],
  lacking: Pick<ReadonlySet<string>, "has">,
): Extract<UploadEvent, { kind: "largeContext" }> | undefined {
  const counted = new Set<string>();
  const files = entries.flatMap((entry) => {
    if (entry.type !== "file") return [];
    let bytes = 0;
    for (const { digest, size } of entry.chunks) {
      if (!lacking.has(digest) || counted.has(digest)) continue;
      counted.add(digest);
      bytes += size;
    }
    return bytes === 0 ? [] : [{ path: entry.path, bytes }];
  });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return bytes <= MUCH_BYTES ? undefined : { kind: "largeContext", bytes, paths: largestPaths(files, PATHS) };
}
