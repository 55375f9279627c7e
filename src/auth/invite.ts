// An invite lets a laptop register its key once. Its secret never travels: the laptop and the server prove to each other
// that they know it with HMAC-SHA-256 (key: the 16 bytes of the secret) over a JSON list whose first item says what is
// proved, so that no proof can stand for the other. The laptop also signs such a list with the key that it registers:
// otherwise whoever is invited could register the public key of somebody else, and so change what that key may do.
import { AuthError, MyPaasError } from "../error.ts";
import type { LoginAnswer, LoginClaim, LoginRequest } from "../wire/requests.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { isSignedBy, type Signer } from "./keys.ts";

/** How long an invite can be used. */
const INVITE_SECONDS = 15 * 60;

const SECRET_BYTES = 16;
const SIGNATURE_BYTES = 64;
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

export interface NewInvite {
  /** 16 hex digits. */
  readonly id: string;
  /** 128 random bits, base64url. */
  readonly secret: string;
  readonly expiresAt: Date;
}

/** Makes an invite that ends `INVITE_SECONDS` from now. */
export function newInvite(now: Date): NewInvite {
  return {
    id: crypto.getRandomValues(new Uint8Array(8)).toHex(),
    secret: toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))),
    expiresAt: new Date(now.getTime() + INVITE_SECONDS * 1000),
  };
}

/**
 * Checks that an invite can still be used. The proof is checked by `verifyLogin`.
 *
 * @param invite as it is stored; times in ISO 8601
 * @throws {AuthError} when it is unknown, used or over
 */
export function checkInvite<T extends { readonly expiresAt: string; readonly usedAt: string | undefined }>(
  invite: T | undefined,
  now: Date,
): T {
  if (invite === undefined) throw loginRefusal("the invite is not known to this server");
  if (invite.usedAt !== undefined) throw loginRefusal("the invite was used before");
  if (!(now.getTime() < Date.parse(invite.expiresAt))) throw loginRefusal(`the invite ended at ${invite.expiresAt}`);
  return invite;
}

/** What the laptop sends as `proof`: hex. */
export async function proveLogin(
  claim: LoginClaim,
  { serverId, secret }: { readonly serverId: string; readonly secret: string },
): Promise<string> {
  return (await hmac(secret, loginText(claim, serverId))).toHex();
}

/** What the laptop sends as `signature`: base64url. @param key the one that it claims */
export async function signLogin(
  claim: LoginClaim,
  { serverId, key }: { readonly serverId: string; readonly key: Signer },
): Promise<string> {
  return toBase64Url(await key.sign(loginKeyText(claim, serverId)));
}

/**
 * Checks that a laptop knows the secret of the invite it names, and has the private key of the key it registers. Takes
 * the same time for every wrong proof.
 *
 * @throws {AuthError} when it does not
 */
export async function verifyLogin(
  request: LoginRequest,
  { serverId, secret }: { readonly serverId: string; readonly secret: string },
): Promise<void> {
  if (!await isHmac(request.proof, secret, loginText(request, serverId))) {
    throw loginRefusal("the proof of the invite is wrong");
  }
  const signature = fromBase64Url(request.signature, SIGNATURE_BYTES);
  const data = loginKeyText(request, serverId);
  if (signature === undefined || !await isSignedBy(request.publicKey, { data, signature })) {
    throw loginRefusal("it is not signed with the private key of the public key that it registers");
  }
}

/** The login that an answer belongs to. */
export interface LoginContext {
  readonly serverId: string;
  readonly secret: string;
  readonly request: LoginClaim;
}

/** What the server answers as `proof`: hex. */
export async function proveLoginAnswer(answer: Omit<LoginAnswer, "proof">, context: LoginContext): Promise<string> {
  return (await hmac(context.secret, loginAnswerText(answer, context))).toHex();
}

/**
 * Checks that the server that answered knows the secret as well, and registered what it says.
 *
 * @throws {MyPaasError} `result not proved`
 */
export async function verifyLoginAnswer(answer: LoginAnswer, context: LoginContext): Promise<void> {
  if (await isHmac(answer.proof, context.secret, loginAnswerText(answer, context))) return;
  throw new MyPaasError("Cannot trust the login: result not proved, the server did not show that it knows the invite", {
    hint: "Ask for a new invite. If it happens again, something between here and the server changes answers.",
  });
}

function loginText({ invite, publicKey, nonce }: LoginClaim, serverId: string): string {
  return JSON.stringify(["mypaas login v1", serverId, invite, publicKey, nonce]);
}

/** Begins as no signed request does: those begin with the name of a component in quotes (RFC 9421, 2.5). */
function loginKeyText({ invite, publicKey, nonce }: LoginClaim, serverId: string): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(["mypaas login key v1", serverId, invite, publicKey, nonce]);
  return new TextEncoder().encode(text);
}

function loginAnswerText(
  { key, name, role, scope }: Omit<LoginAnswer, "proof">,
  { serverId, request: { invite, publicKey, nonce } }: LoginContext,
): string {
  return JSON.stringify([
    "mypaas login answer v1",
    serverId,
    invite,
    publicKey,
    nonce,
    key,
    name,
    role,
    scope,
  ]);
}

async function hmac(secret: string, text: string): Promise<Uint8Array> {
  const key = await importSecret(secret);
  return new Uint8Array(await crypto.subtle.sign(HMAC.name, key, new TextEncoder().encode(text)));
}

async function isHmac(proof: string, secret: string, text: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(proof)) return false;
  const key = await importSecret(secret);
  return await crypto.subtle.verify(HMAC.name, key, Uint8Array.fromHex(proof), new TextEncoder().encode(text));
}

async function importSecret(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64Url(secret, SECRET_BYTES);
  if (bytes === undefined) throw new TypeError("the secret of an invite is 16 bytes in base64url");
  return await crypto.subtle.importKey("raw", bytes, HMAC, false, ["sign", "verify"]);
}

function loginRefusal(reason: string): AuthError {
  return new AuthError(`Cannot log in: ${reason}`, { hint: "Ask for a new invite: mypaas invite, on the server." });
}
