import { assertEquals, assertMatch } from "@std/assert";
import { ownProgram, programRuns } from "../../src/host/process.ts";

Deno.test("programRuns() knows a program that lives, and no other one with the same process id", async () => {
  const own = await ownProgram();
  assertMatch(own, /^\d+\.\d+$/);
  assertEquals(await programRuns(own), true);
  assertEquals(await programRuns(`${Deno.pid}.1`), false);
  assertEquals(await programRuns(Deno.pid.toString()), false);
  for (const none of ["", "x", "../1.2", "99999999.5"]) assertEquals(await programRuns(none), false);
});

Deno.test("programRuns() sees the end of a program", async () => {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`);
  const program = `${child.pid}.${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  assertEquals(await programRuns(program), true);
  await child.stdin.close();
  await child.status;
  assertEquals(await programRuns(program), false);
});
