import type { Attack } from "./attack.ts";
import { bytesOf, type Crafted, OWN } from "./attacker.ts";

// JSON that is large, deep or odd: where nobody has signed it, and where somebody who may push has.

const LIMIT = 4 << 20;

function filled(part: string, bytes: number): string {
  return part.repeat(Math.floor(bytes / part.length));
}

/** Texts of nearly so many bytes. */
const BOMBS: Readonly<Record<string, (bytes: number) => string>> = {
  "lists in lists": (bytes) => "[".repeat(bytes),
  "lists in lists that end": (bytes) => "[".repeat(bytes / 2) + "]".repeat(bytes / 2),
  "objects in objects": (bytes) => filled('{"a":', bytes),
  "empty lists": (bytes) => `[${filled("[],", bytes - 4)}0]`,
  "empty objects": (bytes) => `[${filled("{},", bytes - 4)}0]`,
  "a long number": (bytes) => "9".repeat(bytes),
  "a number of many decimals": (bytes) => `0.${"1".repeat(bytes - 2)}`,
  "a long text": (bytes) => `"${"a".repeat(bytes - 2)}"`,
  "a text of escapes": (bytes) => `"${filled("\\u0000", bytes - 8)}"`,
  "keys": (bytes) => `{${Array.from({ length: bytes / 16 }, (_, n) => `"k${n}":0`).join(",")}}`,
  "one key many times": (bytes) => `{${filled('"a":0,', bytes - 16)}"a":0}`,
  "spaces": (bytes) => " ".repeat(bytes),
};

const SMALL: Readonly<Record<string, string>> = {
  "a prototype": '{"__proto__":{"invite":"0000000000000000"}}',
  "an invite that is a path": '{"invite":"../../etc/passwd"}',
  "an invite that is a list": '{"invite":["0000000000000000"]}',
  "an invite that is a query": `{"invite":"' OR 1=1 --"}`,
  "a null": "null",
  "a text": '"login"',
  "nothing": "",
  "an unknown invite": JSON.stringify({
    invite: "0".repeat(16),
    publicKey: "A".repeat(43),
    nonce: "0".repeat(32),
    proof: "0".repeat(64),
    signature: "A".repeat(86),
  }),
};

const at = (where: string, body: string): Crafted => ({ where, body: bytesOf(body) });

export const JSON_BOMBS: readonly Attack[] = [
  ...Object.entries(BOMBS).flatMap(([name, make]): readonly Attack[] => [
    {
      name: `a login of 4 MB of ${name}`,
      send: (attacker) => attacker.unsigned(at("POST /v1/login", make(LIMIT))),
      expect: "Cannot ",
    },
    {
      name: `a login of 4 KB of ${name}`,
      send: (attacker) => attacker.unsigned(at("POST /v1/login", make(4 << 10))),
      expect: "Cannot ",
    },
    {
      name: `a manifest of 4 MB of ${name}`,
      send: (attacker) => attacker.signed(at(`POST /v1/deploy?service=${OWN}`, make(LIMIT))),
      expect: "Cannot ",
    },
    {
      name: `the question for 4 MB of ${name}`,
      send: (attacker) => attacker.unsigned(at("POST /v1/verify", make(LIMIT)), { door: "gate" }),
      expect: "Cannot ",
    },
  ]),
  ...Object.entries(SMALL).map(([name, body]): Attack => ({
    name: `a login with ${name}`,
    send: (attacker) => attacker.unsigned(at("POST /v1/login", body)),
    expect: "Cannot ",
  })),
];
