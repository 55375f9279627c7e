import { assertEquals, assertMatch } from "@std/assert";
import { ownProcess, processRuns } from "../../src/host/process.ts";

Deno.test("processRuns() knows a program that lives, and no other one with the same process id", async () => {
  const own = await ownProcess();
  assertMatch(own, /^\d+\.\d+$/);
  assertEquals(await processRuns(own), true);
  assertEquals(await processRuns(`${Deno.pid}.1`), false);
  assertEquals(await processRuns(Deno.pid.toString()), false);
  for (const none of ["", "x", "../1.2", "99999999.5"]) assertEquals(await processRuns(none), false);
});

Deno.test("processRuns() sees the end of a program", async () => {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`);
  const program = `${child.pid}.${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  assertEquals(await processRuns(program), true);
  await child.stdin.close();
  await child.status;
  assertEquals(await processRuns(program), false);
});
