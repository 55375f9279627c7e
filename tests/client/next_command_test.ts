import { assert, assertEquals } from "@std/assert";
import { withNextCommand } from "../../src/client/next_command.ts";
import { BuildError, MyPaasError, NotReadyError } from "../../src/error.ts";

Deno.test("withNextCommand() adds the command to what its owner can mend, and to nothing else", () => {
  const error = new NotReadyError("Cannot bring up blog.2.1: it exited", { hint: "Mend it.", details: ["no table"] });
  const told = withNextCommand(error, "mypaas push prod");
  assert(told instanceof NotReadyError);
  assertEquals([told.message, told.hint, told.details], [
    error.message,
    "Mend it. Then try again: mypaas push prod",
    ["no table"],
  ]);
  const build = withNextCommand(new BuildError("Cannot build"), "mypaas deploy app");
  assertEquals(build instanceof BuildError && build.hint, "Then try again: mypaas deploy app");
  for (const other of [new MyPaasError("Cannot reach it"), new Error("bug"), "text"]) {
    assertEquals(withNextCommand(other, "mypaas push prod"), other);
  }
});
