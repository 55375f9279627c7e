import { assertEquals, assertStringIncludes } from "@std/assert";
import { stripTypes } from "../../scripts/strip_types.ts";

Deno.test("stripTypes() leaves every line and column where it was", () => {
  const text = [
    'import { type Deploy, work } from "./work.ts";',
    'import type { Door } from "./door.ts";',
    "export function run<T>(deploy: Deploy, door?: Door): T {",
    "  return work(deploy, door) as T;",
    "}",
  ].join("\n");
  const stripped = stripTypes(text);
  assertEquals(stripped.length, text.length);
  const at = (part: string) => [text, stripped].map((one) => one.indexOf(part));
  for (const part of ["work }", "run", "return", "work("]) {
    const [before, after] = at(part);
    assertEquals(after, before, part);
  }
  assertEquals(stripped.split("\n").map((line) => line.replace(/ +/g, " ").trim()), [
    'import { work } from "./work.js";',
    "",
    "export function run (deploy , door ) {",
    "return work(deploy, door) ;",
    "}",
  ]);
});

Deno.test("stripTypes() names files of ours by what they become, and nothing else", () => {
  const kept = ["const text = 'import \"./x.ts\"';", '// from "./x.ts"', 'import "npm.ts";', 'open("./x.ts");'].join(
    "\n",
  );
  assertEquals(stripTypes(kept), kept);
  assertEquals(stripTypes('await import("./x.ts");'), 'await import("./x.js");');
  assertEquals(stripTypes('import d from "../deno.json" with { type: "json" };').includes("deno.json"), true);
});

Deno.test("stripTypes() refuses syntax that is more than types", () => {
  let told: unknown;
  try {
    stripTypes("enum Colour { Red }");
  } catch (error) {
    told = error;
  }
  assertStringIncludes(JSON.stringify(told), "enum is not supported");
});
