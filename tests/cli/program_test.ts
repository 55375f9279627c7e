import { assertEquals, assertGreater } from "@std/assert";
import { buildProgram } from "../../src/cli/program.ts";
import { processTerminal } from "../../src/host/terminal.ts";

const SURROUNDINGS = { version: "0", env: () => undefined, cwd: "/", terminal: processTerminal() };
const names = (only?: string) => buildProgram(SURROUNDINGS, only).commands.map((command) => command.name());

Deno.test("every command can be made without the others, under the name by which it is called", () => {
  const all = names();
  assertGreater(all.length, 30);
  for (const name of all) assertEquals(names(name), [name]);
});

Deno.test("a flag, and a word that is no command, make all commands, so that help and suggestions know them", () => {
  assertEquals(names("--root"), names());
  assertEquals(names("pus"), names());
  assertEquals(names("constructor"), names());
});
