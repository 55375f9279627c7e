import { assertEquals } from "@std/assert";
import { hintWith } from "../src/error.ts";

Deno.test("hintWith() makes two sentences, whether the hint has its period or not, and one where there is no hint", () => {
  const then = "Release 1 still serves.";
  assertEquals([hintWith("Remove it", then), hintWith("Remove it.", then), hintWith(undefined, then)], [
    "Remove it. Release 1 still serves.",
    "Remove it. Release 1 still serves.",
    then,
  ]);
});
