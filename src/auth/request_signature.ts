// Requests are signed with HTTP Message Signatures (RFC 9421, ed25519) over the method, the path, the query, the header
// that names the server, and the digest of the body (RFC 9530). Names of hosts are not signed: a proxy may change them.
import { SERVER_HEADER } from "./server_header.ts";
import { httpbis, type SignatureParameters, type SigningKey } from "http-message-signatures";
import { AuthError } from "../error.ts";
import { contentDigest } from "./content_digest.ts";
import { isSignedBy, type Signer } from "./keys.ts";

/** How far the time of a request may lie from the server's clock, in both directions. */
export const VALID_SECONDS = 60;

const TAG = "mypaas";
const ALG = "ed25519";
const COVERED = ["@method", "@path", "@query", SERVER_HEADER] as const;
const BODY_DIGEST = "content-digest";

/** What of a request is signed. */
export interface RequestParts {
  readonly method: string;
  /** Begins with `/`, as `URL.pathname` has it. */
  readonly path: string;
  /** Empty, or with its `?`, as `URL.search` has it. */
  readonly query: string;
}

export interface SignRequestOptions {
  readonly serverId: string;
  readonly now: Date;
  /** From `newNonce`; the answer's proof is bound to it. */
  readonly nonce: string;
}

export interface VerifyRequestOptions {
  readonly serverId: string;
  readonly now: Date;
  /**
   * Whether the digest of the body must be signed: for every request with a body, except the streamed one of
   * `PUT /v1/blobs`. The body itself is checked by `checkContentDigest`.
   */
  readonly bodyDigest: boolean;
  /** The raw public key (base64url) of a key id; undefined for one that is unknown or revoked. */
  readonly publicKeyOf: (keyId: string) => Promise<string | undefined> | string | undefined;
}

/** Who signed a request, and when. It may be a replay: see `refuseReplay`. */
export interface VerifiedRequest {
  readonly keyId: string;
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly created: number;
}

/** Makes the nonce of a request: 16 random bytes, hex. */
export function newNonce(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/**
 * Signs a request.
 *
 * @param request `body` is left out when there is none, and for a streamed one
 * @returns the headers that go with it
 */
export async function signRequest(
  request: RequestParts & { readonly body?: Uint8Array<ArrayBuffer> | undefined },
  key: Signer,
  { serverId, now, nonce }: SignRequestOptions,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = { [SERVER_HEADER]: serverId };
  if (request.body !== undefined) headers[BODY_DIGEST] = await contentDigest(request.body);
  const signed = await httpbis.signMessage({
    key: {
      id: key.id,
      alg: ALG,
      // The library asks for a Buffer and only reads its bytes.
      sign: async (data) => await key.sign(new Uint8Array(data)) as Awaited<ReturnType<SigningKey["sign"]>>,
    },
    fields: request.body === undefined ? [...COVERED] : [...COVERED, BODY_DIGEST],
    params: ["created", "nonce", "keyid", "alg", "tag"],
    paramValues: { created: now, nonce, tag: TAG },
  }, { method: request.method, url: urlOf(request), headers: { ...headers } });
  for (const name of ["Signature", "Signature-Input"]) {
    headers[name.toLowerCase()] = String(signed.headers[name]);
  }
  return headers;
}

/**
 * Checks who signed a request, that it is for this server, and that it is fresh.
 *
 * @throws {AuthError} with one sentence for each reason
 */
export async function verifyRequest(
  request: RequestParts & { readonly headers: Headers },
  { serverId, now, bodyDigest, publicKeyOf }: VerifyRequestOptions,
): Promise<VerifiedRequest> {
  const { headers } = request;
  if (!headers.has("signature") || !headers.has("signature-input")) {
    throw refusal("it is not signed", "Log in first: mypaas login NAME INVITE.");
  }
  checkServer(headers.get(SERVER_HEADER), serverId);
  if (bodyDigest && !headers.has(BODY_DIGEST)) throw refusal(`it has no "${BODY_DIGEST}" header`);

  const { claimed, covered, base, signature } = await readSignature(request);
  const required: readonly string[] = bodyDigest ? [...COVERED, BODY_DIGEST] : COVERED;
  const missing = required.filter((name) => !covered.has(name));
  if (missing.length > 0) throw refusal(`its signature does not cover "${missing.join('", "')}"`);
  checkTime(claimed.created, now);
  const publicKey = await publicKeyOf(claimed.keyId);
  if (publicKey === undefined) {
    throw refusal(
      `the key "${claimed.keyId}" is not known to this server, or was revoked`,
      "Ask for a new invite, and log in again.",
    );
  }
  if (!await isSignedBy(publicKey, { data: base, signature })) throw refusal("its signature is wrong");
  return claimed;
}

/** A signature as it came: nothing of it is checked but its form. */
interface ReadSignature {
  readonly claimed: VerifiedRequest;
  /** Names of the components that it covers. */
  readonly covered: ReadonlySet<string>;
  /** What must have been signed (RFC 9421, 2.5). */
  readonly base: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Lets the library read the one signature of a request and make its base. */
async function readSignature(request: RequestParts & { readonly headers: Headers }): Promise<ReadSignature> {
  const covered = new Set<string>();
  const read: ReadSignature[] = [];
  let signatures = 0;
  try {
    await httpbis.verifyMessage({
      // The time is checked by our own clock, not by the library's.
      notAfter: Infinity,
      componentParser: (name, params) => {
        if (params.size > 0) throw refusal(`its signature covers "${name}" with parameters`);
        covered.add(name);
        return null;
      },
      keyLookup: (params) => {
        if (++signatures > 1 || request.headers.get("signature")?.includes(",")) {
          throw refusal("it has more than one signature");
        }
        const claimed = readParams(params);
        return Promise.resolve({
          verify: (base, signature) => {
            read.push({ claimed, covered, base: new Uint8Array(base), signature: new Uint8Array(signature) });
            return Promise.resolve(true);
          },
        });
      },
    }, { method: request.method, url: urlOf(request), headers: Object.fromEntries(request.headers) });
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError("Cannot accept the request: its signature is malformed", { cause });
  }
  if (read[0] === undefined) throw refusal("it is not signed");
  return read[0];
}

function checkServer(named: string | null, serverId: string): void {
  if (named === null) throw refusal(`it has no "${SERVER_HEADER}" header`);
  if (named !== serverId) {
    throw refusal(
      "it is signed for another server",
      "The server was set up anew, or the address leads elsewhere: log in again.",
    );
  }
}

function readParams({ created, nonce, keyid, alg, tag }: SignatureParameters): VerifiedRequest {
  if (tag !== TAG || alg !== ALG) throw refusal(`its signature must have alg "${ALG}" and tag "${TAG}"`);
  if (typeof nonce !== "string" || !/^[0-9a-f]{32}$/.test(nonce)) {
    throw refusal("the nonce of its signature must be 32 lower-case hex digits");
  }
  if (typeof keyid !== "string" || !/^[0-9a-f]{16}$/.test(keyid)) {
    throw refusal("the key id of its signature must be 16 lower-case hex digits");
  }
  const seconds = created instanceof Date ? created.getTime() / 1000 : NaN;
  if (!Number.isSafeInteger(seconds)) throw refusal('its signature must have the time it was made ("created")');
  return { keyId: keyid, nonce, created: seconds };
}

function checkTime(created: number, now: Date): void {
  const age = Math.floor(now.getTime() / 1000) - created;
  if (Math.abs(age) <= VALID_SECONDS) return;
  throw refusal(
    `the clock of who asks is ${Math.abs(age)} s ${
      age > 0 ? "behind" : "ahead of"
    } the server's, allowed are ${VALID_SECONDS} s`,
    `Set the clock that is wrong: the server's says ${now.toISOString()}.`,
  );
}

function refusal(reason: string, hint?: string): AuthError {
  return new AuthError(`Cannot accept the request: ${reason}`, { hint });
}

/** The host is not signed, so it may be any. */
function urlOf({ path, query }: RequestParts): URL {
  const url = new URL("http://mypaas/");
  url.pathname = path;
  url.search = query;
  return url;
}
