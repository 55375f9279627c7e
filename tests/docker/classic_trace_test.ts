import { assertEquals } from "@std/assert";
import { ClassicTrace } from "../../src/docker/classic_trace.ts";

/** What Engine 20.10 sends for one build, as it was seen. */
const RECORDS = [
  "Step 1/4 : FROM busybox",
  "\n",
  " ---> 1401ca4e3f68\n",
  "Step 2/4 : RUN apk add curl",
  "\n",
  " ---> Using cache\n",
  " ---> f5b51e387483\n",
  "Step 3/4 : RUN make",
  "\n",
  " ---> Running in 4270354d9395\n",
  "\u001b[91mno rule\nhalf\u001b[0m",
  "out\n\nSte",
  "p 4/4 : not a step\n",
  "last",
];

function read(trace: ClassicTrace, texts: readonly string[]): readonly string[] {
  return texts.flatMap((stream) => trace.read({ stream })).map(({ step, text }) => `${step} | ${text}`);
}

Deno.test("ClassicTrace tells steps, what needs not run, and what runs write, line by line", () => {
  const trace = new ClassicTrace(1);
  const make = "[3/3] RUN make";
  assertEquals(read(trace, RECORDS), [
    "[1/3] FROM busybox | ",
    "[2/3] RUN apk add curl | ",
    "[2/3] RUN apk add curl | cached",
    `${make} | `,
    `${make} | no rule`,
    `${make} | out`,
    `${make} | `,
    `${make} | Step 4/4 : not a step`,
  ]);
  assertEquals(read(trace, ["Step 4/4 : LABEL mypaas.service=blog", "\n", " ---> Running in 2716f22f34cf\n"]), [
    `${make} | half`,
    `${make} | last`,
  ]);
  assertEquals(
    read(trace, [
      "Removing intermediate container 2716f22f34cf\n",
      "[Warning] One or more build-args [V] were not consumed\n",
      "Successfully built 2a3925e9f8df\n",
      "Successfully tagged mypaas/blog:1\n",
    ]),
    [" | warning: One or more build-args [V] were not consumed"],
  );
  assertEquals(trace.read({ aux: { ID: "sha256:2a" } }), []);
  assertEquals(trace.failure(), undefined);
});

Deno.test("ClassicTrace names the step that failed, its exit code and the end of its output", () => {
  const trace = new ClassicTrace(1);
  read(trace, RECORDS);
  const message = "The command '/bin/sh -c make' returned a non-zero code: 2";
  const lines = trace.read({ errorDetail: { code: 2, message }, error: message });
  assertEquals(lines.map(({ text }) => text), ["half", "last"]);
  assertEquals(trace.failure(), {
    step: "[3/3] RUN make",
    error: "exit code: 2",
    output: ["no rule", "out", "", "Step 4/4 : not a step", "half", "last"],
  });
});

Deno.test("ClassicTrace gives the builder's own words for a step that did not run", () => {
  const trace = new ClassicTrace(1);
  read(trace, ["Step 1/2 : COPY nope /", "\n"]);
  trace.read({ errorDetail: { message: "COPY failed: stat nope: file does not exist" } });
  assertEquals(trace.failure()?.error, "COPY failed: stat nope: file does not exist");
});
