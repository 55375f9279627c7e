import { assertEquals, assertNotEquals } from "@std/assert";
import { manifestDigest, manifestOfDigest } from "../../src/archive/manifest_digest.ts";
import { manifestText } from "../../src/archive/manifest_text.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { ManifestEntry } from "../../src/wire/manifest.ts";

const FILE: ManifestEntry = {
  type: "file",
  path: "a",
  mode: 0o644,
  size: 3,
  chunks: [{ digest: sha256("abc"), size: 3 }],
};

Deno.test("manifestDigest() depends on nothing but the content", async () => {
  const { type, path, mode, size, chunks } = FILE;
  const reordered: ManifestEntry = { chunks, size, mode, path, type };
  assertEquals(await manifestDigest({ entries: [FILE] }), await manifestDigest({ entries: [reordered] }));
});

Deno.test("manifestDigest() differs with every part of an entry", async () => {
  const variants: readonly ManifestEntry[] = [
    FILE,
    { ...FILE, path: "b" },
    { ...FILE, mode: 0o755 },
    { ...FILE, chunks: [{ digest: sha256("abd"), size: 3 }] },
    { type: "dir", path: "a", mode: 0o644 },
    { type: "link", path: "a", target: "b" },
    { type: "link", path: "a", target: "c" },
  ];
  const digests = await Promise.all(variants.map((entry) => manifestDigest({ entries: [entry] })));
  assertEquals(new Set(digests).size, variants.length);
  assertNotEquals(await manifestDigest({ entries: [] }), digests[0]);
});

Deno.test("manifestDigest() stays what it was, so that an upgrade does not build everything again", async () => {
  const digest = await manifestDigest({ entries: [FILE, { type: "link", path: "l", target: "a" }] });
  const canonical = `[["file","a",420,3,[["${sha256("abc")}",3]]],["link","l","a"]]`;
  assertEquals(digest, sha256(canonical));
});

Deno.test("manifestOfDigest() reads the text of any manifest, and nothing that is not of its digest", async () => {
  const odd = ["a\n],[b", 'quo"te', "\u2028 \u{1f600}", "x".repeat(5000)].sort();
  const entries: readonly ManifestEntry[] = [
    FILE,
    { ...FILE, path: "build", buildOnly: true },
    { type: "dir", path: "d", mode: 0o755 },
    { type: "file", path: "empty", mode: 0o600, size: 0, chunks: [] },
    ...odd.map((path): ManifestEntry => ({ type: "link", path: `l ${path}`, target: path })),
  ];
  for (const manifest of [{ entries }, { entries: [FILE] }, { entries: [] }]) {
    const digest = await manifestDigest(manifest);
    const read = await manifestOfDigest(digest, manifestText(manifest, "\n"));
    assertEquals(read, manifest);
    assertEquals(await manifestDigest(read ?? { entries: [FILE] }), digest);
    assertEquals(await manifestOfDigest(sha256("other"), manifestText(manifest, "\n")), undefined);
  }
});
