import { assert, assertEquals } from "@std/assert";
import { parseIgnore } from "../../src/archive/ignore.ts";
import { largestPaths } from "../../src/archive/largest_paths.ts";

const MB = 1_000_000;

function found(files: Readonly<Record<string, number>>, count = 5): readonly string[] {
  const sizes = Object.entries(files).map(([path, megabytes]) => ({ path, bytes: megabytes * MB }));
  return largestPaths(sizes, count).map(({ line, bytes }) => `${line} ${Math.round(bytes / MB)}`);
}

/** So many files of one megabyte in a folder. */
function many(folder: string, count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/${i}`, 1]));
}

Deno.test("largestPaths() names a folder that tools fill before what is in it", () => {
  const files = {
    "node_modules/electron/dist/electron": 180,
    "node_modules/a/b.js": 4,
    "src/main.ts": 2,
    Dockerfile: 0,
  };
  assertEquals(found(files), ["node_modules/ 184", "src/main.ts 2"]);
});

Deno.test("largestPaths() takes folders of one name together, wherever they are", () => {
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`packages/p${i}/node_modules/x`, 10]));
  assertEquals(found({ ...files, ...many("packages/p1/src", 3) }), ["**/node_modules 120", "packages/p1/src/ 3"]);
});

Deno.test("largestPaths() goes down to the few entries that hold nearly all of a folder", () => {
  assertEquals(found({ "assets/video/intro.mp4": 150, "assets/logo.png": 1, "data/a.bin": 60, "data/b.bin": 50 }), [
    "assets/video/intro.mp4 150",
    "data/a.bin 60",
    "data/b.bin 50",
    "assets/logo.png 1",
  ]);
});

Deno.test("largestPaths() names a folder of many files, the largest first, and so many at most", () => {
  const files = { ...many("a", 30), ...many("b/c", 40), ...many("d", 20), e: 5, f: 6, g: 7, ".git/objects/x": 8 };
  assertEquals(found(files), ["b/c/ 40", "a/ 30", "d/ 20", ".git/ 8", "g 7"]);
});

Deno.test("largestPaths() leaves out what is not worth a line, and takes a file for a file", () => {
  assertEquals(found({ small: 0.5, node_modules: 20, "x/build": 30 }), ["x/build 30", "node_modules 20"]);
  assertEquals(largestPaths([], 5), []);
});

Deno.test("largestPaths() writes lines that leave out that path and no other", () => {
  const odd = [
    "a*b",
    "a?b",
    "[x]",
    "^a$",
    "#1",
    "!2",
    "back\\slash",
    "a.b+c(d)",
    "{}",
    " lead",
    "trail ",
    "tab\there",
    "a b",
  ];
  for (const name of [...odd, ...odd.map((name) => `${name}/in it`), ...odd.map((name) => `in it/${name}`)]) {
    const [largest] = largestPaths([{ path: name, bytes: MB }], 1);
    assert(largest !== undefined, name);
    const rules = parseIgnore(largest.line);
    assert(rules.isIgnored(name), `${largest.line} does not leave out ${JSON.stringify(name)}`);
    for (const other of ["ab", "aab", "x", "axb ", "other", "in it", "2", "1"]) {
      assertEquals(rules.isIgnored(other), false, `${largest.line} leaves out ${other}`);
    }
  }
});
