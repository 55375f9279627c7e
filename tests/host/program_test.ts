import { assertEquals, assertStringIncludes } from "@std/assert";
import { replaceProgram, runProgram } from "../../src/host/program.ts";
import { tempFolder } from "./temp_folder.ts";

Deno.test("runProgram() tells how a program ended, and its lines of standard error as they come", async () => {
  const lines: string[] = [];
  const ended = await runProgram(["sh", "-c", "echo one >&2; echo out; printf two >&2; exit 3"], {
    timeoutMs: 20_000,
    onLine: (line) => lines.push(line),
  });
  assertEquals([ended, lines], [{ code: 3, stdout: "out\n", stderr: "one\ntwo" }, ["one", "two"]]);
});

Deno.test("runProgram() ends a program that takes too long, and says what cannot be started", async () => {
  const ended = await runProgram(["sleep", "60"], { timeoutMs: 50 });
  assertEquals(ended.code, -1);
  assertStringIncludes(ended.stderr, "sleep ends");
  assertEquals((await runProgram(["/no/such/program"], { timeoutMs: 1000 })).code, -1);
});

Deno.test("replaceProgram() keeps the one before under a second name, also when one has that name already", async () => {
  await using folder = await tempFolder();
  const [current, next, old] = ["mypaas", "mypaas.upgrade", "mypaas.old"].map((name) => `${folder.path}/${name}`);
  if (current === undefined || next === undefined || old === undefined) throw new Error("no names");
  await Deno.writeTextFile(old, "of an upgrade that was cut off");
  for (const version of ["1", "2", "3"]) {
    await Deno.writeTextFile(next, version);
    if (version === "1") await Deno.rename(next, current);
    else await replaceProgram(next, current, old);
  }
  assertEquals([await Deno.readTextFile(current), await Deno.readTextFile(old)], ["3", "2"]);
  await replaceProgram(old, current);
  assertEquals((await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name), ["mypaas"]);
  assertEquals(await Deno.readTextFile(current), "2");
});
