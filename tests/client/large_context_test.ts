import { assertEquals } from "@std/assert";
import { largeContext } from "../../src/client/large_context.ts";
import type { ManifestEntry } from "../../src/wire/manifest.ts";

const MB = 1_000_000;

function file(path: string, ...chunks: readonly (readonly [digest: string, megabytes: number])[]): ManifestEntry {
  const size = chunks.reduce((sum, [, megabytes]) => sum + megabytes * MB, 0);
  const entry = { type: "file", path, mode: 0o644, size } as const;
  return { ...entry, chunks: chunks.map(([digest, megabytes]) => ({ digest, size: megabytes * MB })) };
}

const ENTRIES = [
  file("big", ["a", 60], ["b", 30]),
  file("copy", ["a", 60]),
  file("known", ["c", 900]),
  file("new", ["d", 11]),
];

Deno.test("largeContext() counts what is sent, each content once, and not what the server has", () => {
  assertEquals(largeContext(ENTRIES, new Set(["a", "b", "d"])), {
    kind: "largeContext",
    bytes: 101 * MB,
    paths: [{ path: "big", bytes: 90 * MB, line: "big" }, { path: "new", bytes: 11 * MB, line: "new" }],
  });
});

Deno.test("largeContext() says nothing of 100 MB and less", () => {
  assertEquals(largeContext(ENTRIES, new Set(["a", "b"])), undefined);
  assertEquals(largeContext([file("big", ["a", 100])], new Set(["a"])), undefined);
  assertEquals(largeContext(ENTRIES, new Set()), undefined);
});
