import type { Manifest, ManifestEntry } from "../wire/manifest.ts";
import type { ManifestDifference } from "../wire/manifest_difference.ts";

/** What a manifest has other than an earlier one. Both are sorted, so one walk over both finds it. */
export function manifestDifference(
  base: Manifest,
  next: Manifest,
): Pick<ManifestDifference, "removed" | "changed"> {
  const removed: string[] = [];
  const changed: ManifestEntry[] = [];
  let at = 0;
  for (const entry of next.entries) {
    let old = base.entries[at];
    while (old !== undefined && old.path < entry.path) {
      removed.push(old.path);
      old = base.entries[++at];
    }
    const was = old?.path === entry.path ? old : undefined;
    if (was !== undefined) at++;
    if (was === undefined || !isSameEntry(was, entry)) changed.push(entry);
  }
  for (; at < base.entries.length; at++) removed.push(base.entries[at]?.path ?? "");
  return { removed, changed };
}

/**
 * Makes the manifest that `manifestDifference` was made from. Nothing of the difference is believed: check what comes out
 * like a manifest that came as a whole, and its digest.
 *
 * @returns undefined when the difference is not one to this base: it removes what is not there
 */
export function applyDifference(
  base: Manifest,
  { removed, changed }: Pick<ManifestDifference, "removed" | "changed">,
): Manifest | undefined {
  if (removed.length + changed.length === 0) return base;
  const entries: ManifestEntry[] = [];
  let nextRemoved = 0;
  let nextChanged = 0;
  for (const old of base.entries) {
    let change = changed[nextChanged];
    while (change !== undefined && change.path < old.path) {
      entries.push(change);
      change = changed[++nextChanged];
    }
    if (removed[nextRemoved] === old.path) {
      nextRemoved++;
    } else if (change?.path === old.path) {
      entries.push(change);
      nextChanged++;
    } else {
      entries.push(old);
    }
  }
  return nextRemoved === removed.length ? { entries: entries.concat(changed.slice(nextChanged)) } : undefined;
}

function isSameEntry(a: ManifestEntry, b: ManifestEntry): boolean {
  if (a.type === "link" || b.type === "link") return a.type === "link" && b.type === "link" && a.target === b.target;
  if (a.mode !== b.mode) return false;
  if (a.type === "dir" || b.type === "dir") return a.type === b.type;
  return a.size === b.size && a.buildOnly === b.buildOnly && a.chunks.length === b.chunks.length &&
    a.chunks.every(({ digest }, index) => digest === b.chunks[index]?.digest);
}
