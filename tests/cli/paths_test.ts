import { assertEquals } from "@std/assert";
import { absolutePath } from "../../src/cli/paths.ts";

const cases: readonly (readonly [string, string])[] = [
  ["/srv/a", "/srv/a"],
  ["a", "/home/ann/a"],
  [".", "/home/ann"],
  ["", "/home/ann"],
  ["./a/./b/", "/home/ann/a/b"],
  ["..", "/home"],
  ["../bob/a", "/home/bob/a"],
  ["/a/../../b", "/b"],
  ["//a//b//", "/a/b"],
  ["/", "/"],
  ["...", "/home/ann/..."],
  ["~/a", "/home/ann/~/a"],
];
for (const [path, expected] of cases) {
  Deno.test(`absolutePath() makes "${path}" in /home/ann ${expected}`, () => {
    assertEquals(absolutePath(path, "/home/ann"), expected);
  });
}

Deno.test("absolutePath() works at the root", () => {
  assertEquals(absolutePath("a", "/"), "/a");
});
