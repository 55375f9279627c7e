import { assertEquals } from "@std/assert";
import { type HeaderAnswer, nameProblem, type NameRecords } from "../../src/daemon/name_check.ts";
import { isPublicAddress } from "../../src/daemon/public_address.ts";

const PROOF = { path: "/.well-known/mypaas/a", token: "b" };
const OWN = "198.51.100.7";
const HERE: HeaderAnswer = { kind: "answer", header: "b" };
const OTHER: HeaderAnswer = { kind: "answer", header: undefined };

/** What is said of shop.test, and which addresses were asked. */
async function look(
  records: NameRecords | readonly string[],
  answers: Readonly<Record<string, HeaderAnswer>> = {},
): Promise<readonly [problem: string | undefined, asked: readonly string[]]> {
  const asked: string[] = [];
  const found = "kind" in records ? records : { kind: "addresses", addresses: records } as const;
  const problem = await nameProblem("shop.test", {
    records: () => Promise.resolve(found),
    askHeader: ({ address, port, host, path, header }) => {
      asked.push(address);
      assertEquals([port, host, path, header], [80, "shop.test", PROOF.path, "mypaas-proof"]);
      return Promise.resolve(answers[address] ?? { kind: "no answer" });
    },
    ownAddresses: () => new Set([OWN, "10.0.0.7"]),
    port: 80,
    proof: PROOF,
  });
  return [problem, asked];
}

const CASES: readonly (readonly [
  what: string,
  found: readonly string[],
  answers: Readonly<Record<string, HeaderAnswer>>,
  problem: string | undefined,
])[] = [
  ["an own address answers with the token", [OWN], { [OWN]: HERE }, undefined],
  ["an own private address does", ["10.0.0.7"], { "10.0.0.7": HERE }, undefined],
  ["a public address does, as behind NAT or a CDN", ["1.2.3.4"], { "1.2.3.4": HERE }, undefined],
  ["IPv6 is not reached from here, and IPv4 does", ["1.2.3.4", "2a00::1"], {
    "1.2.3.4": HERE,
    "2a00::1": { kind: "unreachable" },
  }, undefined],
  ["somebody else answers", ["1.2.3.4"], { "1.2.3.4": OTHER }, "shop.test resolves to 1.2.3.4, not to this server"],
  ["the token is another", ["1.2.3.4"], {
    "1.2.3.4": { kind: "answer", header: "c" },
  }, "shop.test resolves to 1.2.3.4, not to this server"],
  [
    "nobody answers",
    ["1.2.3.4"],
    {},
    "shop.test resolves to 1.2.3.4, not to this server (1.2.3.4, whose port 80 does not answer)",
  ],
  ["one of two is another", [OWN, "1.2.3.4"], {
    [OWN]: HERE,
    "1.2.3.4": OTHER,
  }, "shop.test resolves to 1.2.3.4 as well, which is not this server"],
  ["an IPv6 address is another's", [OWN, "2a00::1"], {
    [OWN]: HERE,
    "2a00::1": OTHER,
  }, "shop.test resolves to 2a00::1 as well, which is not this server"],
  [
    "the port is closed",
    [OWN],
    { [OWN]: { kind: "refused" } },
    "shop.test resolves to this server, whose port 80 refuses connections",
  ],
  [
    "something else has the port",
    [OWN],
    { [OWN]: OTHER },
    "shop.test resolves to this server, but something else answers at its port 80",
  ],
];

for (const [what, found, answers, problem] of CASES) {
  Deno.test(`nameProblem() says ${problem ?? "nothing"} when ${what}`, async () => {
    assertEquals((await look(found, answers))[0], problem);
  });
}

Deno.test("nameProblem() tells a name without an address from name servers that do not answer", async () => {
  assertEquals(await look({ kind: "none" }), ["shop.test has no address: no DNS record leads to this server", []]);
  assertEquals(await look({ kind: "no answer" }), ["shop.test cannot be looked up: no name server answers", []]);
});

Deno.test("nameProblem() asks nothing of addresses inside the network, whoever chose the name", async () => {
  const inside = [
    "169.254.169.254",
    "127.0.0.1",
    "10.0.0.8",
    "192.168.1.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.8",
  ];
  for (const address of inside) {
    assertEquals(await look([address], { [address]: HERE }), [
      `shop.test resolves to ${address}, not to this server`,
      [],
    ]);
  }
});

Deno.test("nameProblem() asks a few addresses at most", async () => {
  const [, asked] = await look(Array.from({ length: 50 }, (_, i) => `1.2.3.${i}`));
  assertEquals(asked.length, 8);
});

Deno.test("isPublicAddress() takes what the internet routes, and nothing that stands for something else", () => {
  const open = [
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.128.0.1",
    "223.255.255.1",
    "2a00:1450::1",
    "2001:4860::8888",
  ];
  const closed = [
    "0.1.2.3",
    "100.64.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "198.19.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "64:ff9b::a00:8",
    "2002:a00:8::1",
    "2001:db8::1",
    "2001::1",
    "3fff",
    "not an address",
  ];
  assertEquals(open.filter((address) => !isPublicAddress(address)), []);
  assertEquals(closed.filter(isPublicAddress), ["3fff"].filter(isPublicAddress));
});
