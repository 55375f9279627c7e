import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { faultOfEnvValue, parseEnvGetRequest, parseEnvSetAnswer, parseEnvSetRequest } from "../../src/wire/env.ts";
import { MAX_ENV_VALUE_BYTES, MAX_SEALED_CHARACTERS } from "../../src/wire/limits.ts";
import { generateSealingKey, seal } from "../../src/auth/seal.ts";

const KEY = "A".repeat(43);

function request(change: Record<string, unknown> = {}) {
  return { set: [{ name: "A", value: { sender: KEY, box: "AAAA" } }], unset: ["B"], deploy: true, ...change };
}

Deno.test("a change of the store is read as it was sent", () => {
  const json = request();
  assertEquals(parseEnvSetRequest(JSON.parse(JSON.stringify(json))), json);
  assertEquals(parseEnvGetRequest({ reader: KEY }), { reader: KEY });
});

Deno.test("the longest value that is allowed passes sealed", async () => {
  const { publicKey } = await generateSealingKey();
  const value = await seal("x".repeat(MAX_ENV_VALUE_BYTES), { reader: publicKey, context: [] });
  assertEquals(value.box.length, MAX_SEALED_CHARACTERS);
  parseEnvSetRequest(request({ set: [{ name: "A", value }] }));
});

const wrong: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ unset: ["A"] }, "it must name each variable once"],
  [{ unset: ["B", "B"] }, "it must name each variable once"],
  [{ unset: ["A B"] }, '"unset[0]" must be the name of a variable, not "A B"'],
  [{ unset: ["1A"] }, '"unset[0]" must be the name of a variable, not "1A"'],
  [{ unset: Array.from({ length: 201 }, (_, index) => `K${index}`) }, '"unset" must have at most 200 names'],
  [{ deploy: undefined }, '"deploy" is missing'],
  [{ set: [{ name: "A", value: "plain" }] }, '"set[0].value" must be an object'],
  [{ set: [{ name: "A", value: { sender: KEY, box: "a b" } }] }, '"set[0].value.box" must be base64url'],
  [
    { set: [{ name: "A", value: { sender: "x", box: "" } }] },
    '"set[0].value.sender" must be 32 bytes in base64url (43 characters)',
  ],
];

for (const [change, fault] of wrong) {
  Deno.test(`a change of the store is refused: ${fault}`, () => {
    const error = assertThrows(() => parseEnvSetRequest(request(change)), UsageError);
    assertEquals(error.message, `Cannot read the variables: ${fault}`);
  });
}

Deno.test("an answer may leave out what there is not", () => {
  const answer = {
    release: undefined,
    stopped: false,
    unused: ["A"],
    lacking: [],
    deploy: undefined,
    behind: undefined,
  };
  assertEquals(parseEnvSetAnswer(JSON.parse(JSON.stringify(answer))), answer);
});

Deno.test("faultOfEnvValue() counts UTF-8 bytes and refuses NUL", () => {
  assertEquals(faultOfEnvValue("ü".repeat(MAX_ENV_VALUE_BYTES / 2)), undefined);
  assertEquals(faultOfEnvValue("ü".repeat(MAX_ENV_VALUE_BYTES / 2) + "x"), "has 65537 bytes, allowed are 65536");
  assertEquals(faultOfEnvValue("a\0"), "has a NUL character");
});
