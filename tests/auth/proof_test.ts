import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { generateKey } from "../../src/auth/keys.ts";
import { type ProofContext, proveEvent, signAnswer, verifyAnswer, verifyEvent } from "../../src/auth/proof.ts";
import { MyPaasError } from "../../src/error.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import { decodeLines, encodeLine } from "../../src/wire/lines.ts";

const key = await generateKey();
const context: ProofContext = { serverId: "5".repeat(32), keyId: "a".repeat(16), nonce: "b".repeat(32) };
const body = new TextEncoder().encode('{"missing":[]}');
const LIVE: NumberedEvent = {
  seq: 7,
  time: "2026-11-22T10:00:00.000Z",
  kind: "live",
  service: "blog",
  release: 12,
  urls: ["https://blog.example/ü\u2028\ud800"],
  seconds: 1.25,
  alreadyLive: false,
};

/** Sends an event as the daemon does and reads it as a client does, before the schema. */
async function sendProved(event: object): Promise<Record<string, unknown>> {
  const line = encodeLine({ ...event, proof: await proveEvent(event, { ...context, key }) });
  for await (const value of decodeLines(new Blob([line]).stream())) return value as Record<string, unknown>;
  throw new Error("no line came");
}

async function assertNotProved(check: () => Promise<void>, reason: string): Promise<void> {
  const error = await assertRejects(check, MyPaasError);
  assertEquals([error.kind, error.message], ["failed", `Cannot trust the result: result not proved, ${reason}`]);
}

const others: readonly (readonly [string, Partial<ProofContext & { daemonKey: string }>])[] = [
  ["another server", { serverId: "6".repeat(32) }],
  ["another nonce", { nonce: "c".repeat(32) }],
  ["another key that asked", { keyId: "d".repeat(16) }],
  ["another daemon", { daemonKey: (await generateKey()).publicKey }],
];

Deno.test("verifyAnswer() takes what signAnswer() signed", async () => {
  const headers = new Headers(await signAnswer({ status: 200, body }, { ...context, key }));
  assertMatch(headers.get("mypaas-proof") ?? "", /^[\w-]{86}$/);
  await verifyAnswer({ status: 200, body, headers }, { ...context, daemonKey: key.publicKey });
});

Deno.test("verifyAnswer() refuses another status, another body, no proof", async () => {
  const headers = new Headers(await signAnswer({ status: 200, body }, { ...context, key }));
  const options = { ...context, daemonKey: key.publicKey };
  const wrong = "the signature of the answer is wrong";
  await assertNotProved(() => verifyAnswer({ status: 201, body, headers }, options), wrong);
  await assertNotProved(() => verifyAnswer({ status: 200, body: body.slice(1), headers }, options), wrong);
  const none = new Headers();
  const unsigned = "the answer is not signed by the server";
  await assertNotProved(() => verifyAnswer({ status: 200, body, headers: none }, options), unsigned);
  const garbage = new Headers({ "mypaas-proof": "AAAA" });
  await assertNotProved(() => verifyAnswer({ status: 200, body, headers: garbage }, options), wrong);
});

Deno.test("verifyEvent() takes the line as JSON.parse read it", async () => {
  await verifyEvent(await sendProved(LIVE), { ...context, daemonKey: key.publicKey });
  await verifyEvent(await sendProved({ kind: "end", new: { a: [1e21, -0.5, null] } }), {
    ...context,
    daemonKey: key.publicKey,
  });
});

Deno.test("verifyEvent() refuses an event without proof, and what is no event", async () => {
  const options = { ...context, daemonKey: key.publicKey };
  const unsigned = "the end of the stream is not signed by the server";
  for (const line of [LIVE, undefined, null, "live", []]) {
    await assertNotProved(() => verifyEvent(line, options), unsigned);
  }
});

Deno.test("verifyEvent() refuses every changed, added or missing field", async () => {
  const line = await sendProved(LIVE);
  const options = { ...context, daemonKey: key.publicKey };
  const wrong = "the signature of the end of the stream is wrong";
  for (const name of Object.keys(LIVE)) {
    await assertNotProved(() => verifyEvent({ ...line, [name]: "x" }, options), wrong);
    const { [name]: _, ...rest } = line;
    await assertNotProved(() => verifyEvent(rest, options), wrong);
  }
  await assertNotProved(() => verifyEvent({ ...line, more: 1 }, options), wrong);
});

for (const [name, change] of others) {
  Deno.test(`a proof is not taken for ${name}`, async () => {
    const options = { ...context, daemonKey: key.publicKey, ...change };
    const headers = new Headers(await signAnswer({ status: 200, body }, { ...context, key }));
    await assertNotProved(
      () => verifyAnswer({ status: 200, body, headers }, options),
      "the signature of the answer is wrong",
    );
    const line = await sendProved(LIVE);
    await assertNotProved(() => verifyEvent(line, options), "the signature of the end of the stream is wrong");
  });
}
