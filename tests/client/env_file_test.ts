import { assertEquals, assertThrows } from "@std/assert";
import { parseEnvFile } from "../../src/client/env_file.ts";
import { UsageError } from "../../src/error.ts";

Deno.test("parseEnvFile() takes everything after the first = as it is, and leaves comments out", () => {
  const text = '\ufeff# comment\n\n  # another\r\nA=1\nEMPTY=\nURL=a=b c # d\r\nQ=it\'s "x"\nSPACED= x ';
  assertEquals(parseEnvFile(text, "f"), [
    { name: "A", value: "1" },
    { name: "EMPTY", value: "" },
    { name: "URL", value: "a=b c # d" },
    { name: "Q", value: 'it\'s "x"' },
    { name: "SPACED", value: " x " },
  ]);
});

const refusals: readonly (readonly [string, string])[] = [
  ["A=1\nhunter2", "Cannot read f line 2: it is not KEY=VALUE"],
  ["export A=hunter2", "Cannot read f line 1: it is not KEY=VALUE"],
  ["hunter2+/=x", "Cannot read f line 1: it is not KEY=VALUE"],
  ['A="hunter2"', 'Cannot read f line 1: the value of "A" has quotes around it, which would be a part of it'],
  ["A=1\n\nA=hunter2", 'Cannot read f line 3: "A" is already set in line 1'],
  ["# nothing\n", "Cannot set variables: f has no line KEY=VALUE"],
];

for (const [text, sentence] of refusals) {
  Deno.test(`parseEnvFile() refuses ${JSON.stringify(text)} and does not tell what may be secret`, () => {
    const { message, hint = "" } = assertThrows(() => parseEnvFile(text, "f"), UsageError);
    assertEquals(message, sentence);
    assertEquals((message + hint).includes("hunter2"), false);
  });
}
