import { assertEquals, assertThrows } from "@std/assert";
import { applyDifference, manifestDifference } from "../../src/archive/manifest_difference.ts";
import { UsageError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import { checkManifest } from "../../src/wire/manifest_schema.ts";
import type { Manifest, ManifestEntry } from "../../src/wire/manifest.ts";

function file(path: string, content = path): ManifestEntry {
  const chunks = [{ digest: sha256(content), size: content.length }];
  return { type: "file", path, mode: 0o644, size: content.length, chunks };
}
const dir = (path: string, mode = 0o755): ManifestEntry => ({ type: "dir", path, mode });
const link = (path: string, target = "t"): ManifestEntry => ({ type: "link", path, target });

function manifest(...entries: ManifestEntry[]): Manifest {
  return { entries: entries.sort((a, b) => a.path < b.path ? -1 : 1) };
}

Deno.test("manifestDifference() names what is gone, and what is new or another", () => {
  const base = manifest(file("a"), file("b"), dir("c"), file("c/d"), link("l"), file("m"));
  const next = manifest(
    file("b"),
    dir("c", 0o700),
    file("c/d", "new"),
    file("l"),
    link("m", "x"),
    file("z"),
  );
  assertEquals(manifestDifference(base, next), {
    removed: ["a"],
    changed: [dir("c", 0o700), file("c/d", "new"), file("l"), link("m", "x"), file("z")],
  });
  assertEquals(manifestDifference(base, base), { removed: [], changed: [] });
});

Deno.test("applyDifference() makes the manifest again, after 300 random edits", () => {
  const random = seeded(7);
  let base = manifest(...Array.from({ length: 40 }, (_, i) => file(`f${i}`)));
  for (let round = 0; round < 300; round++) {
    const kept = base.entries.filter(() => random() > 0.1).map((entry) =>
      random() > 0.1 ? entry : file(entry.path, `${random()}`)
    );
    const paths = new Set(kept.map(({ path }) => path));
    const added = Array.from({ length: Math.floor(random() * 8) }, () => `f${Math.floor(random() * 80)}`)
      .filter((path) => !paths.has(path) && paths.add(path))
      .map((path) =>
        random() > 0.2 ? file(path, `${random()}`) : random() > 0.5 ? link(path, `${random()}`) : dir(path)
      );
    const next = manifest(...kept, ...added);
    const wire = JSON.parse(JSON.stringify(manifestDifference(base, next)));
    assertEquals(applyDifference(base, wire), next);
    checkManifest(next);
    base = next;
  }
});

Deno.test("applyDifference() takes no difference to another base", () => {
  const base = manifest(file("a"), file("c"));
  assertEquals(applyDifference(base, { removed: ["b"], changed: [] }), undefined);
  assertEquals(applyDifference(base, { removed: ["a", "a"], changed: [] }), undefined);
  assertEquals(applyDifference(base, { removed: ["c", "a"], changed: [] }), undefined);
});

Deno.test("what a malformed difference comes to is refused as a manifest", () => {
  const base = manifest(file("a"), dir("c"), file("c/d"));
  const refused = (changed: readonly ManifestEntry[], removed: readonly string[] = []) => {
    const made = applyDifference(base, { removed, changed });
    assertThrows(() => checkManifest(made ?? { entries: [] }), UsageError);
  };
  refused([file("z"), file("y")]);
  refused([file("b"), file("b")]);
  refused([file("a/below")]);
  refused([link("c")]);
  refused([{ type: "file", path: "e", mode: 0o644, size: 7, chunks: [] }]);
});

/** Random numbers from 0 to 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
