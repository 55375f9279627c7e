import { assertEquals } from "@std/assert";
import { fault } from "../../src/doctor/finding.ts";
import { type Check, runChecks } from "../../src/doctor/run_checks.ts";
import { MyPaasError } from "../../src/error.ts";

function check(name: string, look: Check["look"]): Check {
  return { name, what: `the ${name}`, look };
}

Deno.test("runChecks() gives the findings in the order of the checks", async () => {
  const slow = Promise.withResolvers<void>();
  const found = runChecks([
    check("first", async () => (await slow.promise, [fault("one")])),
    check("second", () => (slow.resolve(), Promise.resolve([fault("two", "mend it")]))),
  ]);
  assertEquals((await found).map(({ check, message, fix }) => [check, message, fix]), [
    ["first", "one", undefined],
    ["second", "two", "mend it"],
  ]);
});

Deno.test("runChecks() says of a check that throws or does not end that it could not be made, and makes the others", async () => {
  let signalled = false;
  const found = await runChecks([
    check("broken", () => Promise.reject(new MyPaasError("Docker is away", { hint: "start it" }))),
    check("thrown", () => {
      throw new Error("oh");
    }),
    check("endless", (signal) => {
      signal.addEventListener("abort", () => signalled = true);
      return new Promise(() => {});
    }),
    check("good", () => Promise.resolve([])),
  ], { timeoutMs: 20 });
  assertEquals(found.map(({ level, message, fix }) => `${level}: ${message} | ${fix}`), [
    "unknown: Cannot check the broken: Docker is away | start it",
    "unknown: Cannot check the thrown: oh | undefined",
    "unknown: Cannot check the endless: Cannot see that the endless can be checked: waited 0.02 s | undefined",
  ]);
  assertEquals(signalled, true);
});
