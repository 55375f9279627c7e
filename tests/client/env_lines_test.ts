import { assertEquals } from "@std/assert";
import { envNotes, envTable } from "../../src/client/env_lines.ts";
import type { EnvSetAnswer } from "../../src/wire/env.ts";

const ANSWER: EnvSetAnswer = {
  release: 7,
  stopped: false,
  unused: [],
  lacking: [],
  deploy: undefined,
  behind: undefined,
};

function notes(answer: Partial<EnvSetAnswer>, set = ["A"], { unset = [] as readonly string[], deploy = true } = {}) {
  return envNotes({ ...ANSWER, ...answer }, { service: "blog", set, unset, deploy });
}

Deno.test("envTable() shows names, who and when", () => {
  const setAt = "2026-11-22T10:04:00.000Z";
  assertEquals(envTable([{ name: "A", setBy: "root@local", setAt }]), [
    "NAME  SET BY      SET",
    "A     root@local  2026-11-22 10:04Z",
  ]);
  assertEquals(envTable([]), ["no variables"]);
});

Deno.test("envNotes() says what is stored, and nothing more when it is rolled out", () => {
  assertEquals(notes({ deploy: "blog.8" }, ["A"], { unset: ["B"] }), ["blog: A is stored", "blog: B is removed"]);
});

Deno.test("envNotes() says why nothing is rolled out", () => {
  const stored = "blog: A is stored";
  assertEquals(notes({ release: undefined, unused: ["A"] }), [
    stored,
    "blog has no release yet: its first one takes what its Dockerfile names",
  ]);
  assertEquals(notes({ unused: ["A"] }), [
    stored,
    'release 7 does not take A: a line "# mypaas.env = A" in the Dockerfile does',
  ]);
  assertEquals(notes({ stopped: true }), [stored, "blog is stopped: its next push takes the change"]);
  assertEquals(notes({}), [stored, "release 7 has these values already"]);
  const only = { deploy: false };
  assertEquals(notes({}, ["A"], only), [stored, "nothing is rolled out: the next push takes the change"]);
  assertEquals(notes({ behind: "blog.8" }), [
    stored,
    "the deploy blog.8 began before: the change rolls out behind it",
  ]);
});

Deno.test("envNotes() warns that a variable is taken and not stored", () => {
  assertEquals(notes({ deploy: "blog.8", lacking: ["B"] }, [], { unset: ["B"] }), [
    "blog: B is removed",
    "warning: the Dockerfile takes B, which is not stored: the next push needs it",
  ]);
});
