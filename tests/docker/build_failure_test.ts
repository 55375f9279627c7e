import { assertEquals } from "@std/assert";
import { buildError } from "../../src/docker/build_failure.ts";

const HINT = "The disk of the server is full: df -h, docker system df.";

Deno.test("a disk that is full where Docker builds is one sentence, without a path of Docker's", () => {
  const reason = "write /var/lib/docker/overlay2/x/diff/context: no space left on device";
  const { message, hint } = buildError({ service: "blog" }, undefined, { reason });
  assertEquals([message, hint], ['Cannot build "blog": no space is left where Docker builds', HINT]);
});

Deno.test("a command that fills the disk keeps its code, and the hint says what it said", () => {
  const step = {
    step: "[2/2] RUN make",
    error: 'process "/bin/sh -c make" did not complete successfully: exit code: 1',
    output: ["make: write error: No space left on device"],
  };
  const { message, hint, details } = buildError({ service: "blog" }, step, { reason: step.error });
  assertEquals([message, hint, details], ['Cannot build "blog": [2/2] RUN make: exit code 1', HINT, step.output]);
  const other = buildError({ service: "blog" }, { ...step, output: [] }, { reason: step.error });
  assertEquals(other.hint, undefined);
});
