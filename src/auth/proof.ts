// The daemon signs what it answers with its ed25519 key, so that nothing on the way (the receiver included) can make up an
// answer. Each proof is over a text of lines joined by "\n":
//
//   mypaas answer v1 | mypaas event v1
//   <server id>
//   <key id of the request>
//   <nonce of the request>
//   answer: <status>, then <SHA-256 of the body, hex>        event: <the event's JSON>
//
// The key id and the nonce together name one accepted request. So prove only answers to a request that was verified AND
// whose nonce was used for the first time (`refuseReplay`): otherwise the proved refusal of a copy could be shown as the
// answer to the first.
import { MyPaasError } from "../error.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { isSignedBy, type Signer } from "./keys.ts";

/** The header of a proved answer: 64 bytes of ed25519 in base64url. */
export const PROOF_HEADER = "mypaas-proof";

const SIGNATURE_BYTES = 64;

/** Which request an answer belongs to. */
export interface ProofContext {
  readonly serverId: string;
  /** Key id of who asks. */
  readonly keyId: string;
  /** Nonce of the request's signature. */
  readonly nonce: string;
}

export interface ProvableAnswer {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Signs an answer that is sent whole. @returns the headers that go with it */
export async function signAnswer(
  answer: ProvableAnswer,
  { key, ...context }: ProofContext & { readonly key: Signer },
): Promise<Record<string, string>> {
  return { [PROOF_HEADER]: toBase64Url(await key.sign(await answerText(answer, context))) };
}

/**
 * Checks that the daemon gave this answer to this request.
 *
 * @throws {MyPaasError} `result not proved`
 */
export async function verifyAnswer(
  answer: ProvableAnswer & { readonly headers: Headers },
  { daemonKey, ...context }: ProofContext & { readonly daemonKey: string },
): Promise<void> {
  const data = await answerText(answer, context);
  await check(answer.headers.get(PROOF_HEADER), { daemonKey, data, what: "the answer" });
}

/**
 * Signs the last event of a stream, of a deploy or of anything else that is sent in lines.
 *
 * @returns its `proof`; the line to send is `{...event, proof}` as JSON, so that `proof` is its last field
 */
export async function proveEvent(
  event: object,
  { key, ...context }: ProofContext & { readonly key: Signer },
): Promise<string> {
  return toBase64Url(await key.sign(eventText(event, context)));
}

/**
 * Checks that the daemon ended the stream of this request with this event.
 *
 * Both sides sign `JSON.stringify` of the event without `proof`, its fields in the order of the line. What
 * `JSON.stringify` wrote comes out the same when it is parsed and written again, so give the value just as `JSON.parse`
 * (`decodeLines`) made it, before `parseEventLine`, which leaves fields out.
 *
 * @throws {MyPaasError} `result not proved`
 */
export async function verifyEvent(
  line: unknown,
  { daemonKey, ...context }: ProofContext & { readonly daemonKey: string },
): Promise<void> {
  const { proof, ...event }: Record<string, unknown> = typeof line === "object" && line !== null ? { ...line } : {};
  await check(proof, { daemonKey, data: eventText(event, context), what: "the end of the stream" });
}

async function check(
  proof: unknown,
  { daemonKey, data, what }: {
    readonly daemonKey: string;
    readonly data: Uint8Array<ArrayBuffer>;
    readonly what: string;
  },
): Promise<void> {
  if (typeof proof !== "string") throw notProved(`${what} is not signed by the server`);
  const signature = fromBase64Url(proof, SIGNATURE_BYTES);
  if (signature === undefined || !await isSignedBy(daemonKey, { data, signature })) {
    throw notProved(`the signature of ${what} is wrong`);
  }
}

function notProved(reason: string): MyPaasError {
  return new MyPaasError(`Cannot trust the result: result not proved, ${reason}`, {
    hint: "Look with `mypaas ps`. If it happens again, something between here and the server changes answers.",
  });
}

async function answerText({ status, body }: ProvableAnswer, context: ProofContext): Promise<Uint8Array<ArrayBuffer>> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
  return contextText("answer", context, [String(status), digest]);
}

function eventText(event: object, context: ProofContext): Uint8Array<ArrayBuffer> {
  return contextText("event", context, [JSON.stringify(event)]);
}

function contextText(
  kind: "answer" | "event",
  { serverId, keyId, nonce }: ProofContext,
  rest: readonly string[],
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode([`mypaas ${kind} v1`, serverId, keyId, nonce, ...rest].join("\n"));
}
