// An invite lets a laptop register its key once. Its secret never travels: the laptop and the server prove to each other
// that they know it with HMAC-SHA-256 (key: the 16 bytes of the secret) over a JSON list whose first item says what is
// proved, so that no proof can stand for the other.
import { AuthError, MyPaasError } from "../error.ts";
import type { LoginAnswer, LoginRequest } from "../wire/requests.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";

/** How long an invite can be used. */
export const INVITE_SECONDS = 15 * 60;

const SECRET_BYTES = 16;
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
  request: Omit<LoginRequest, "proof">,
  { serverId, secret }: { readonly serverId: string; readonly secret: string },
): Promise<string> {
  return (await hmac(secret, loginText(request, serverId))).toHex();
}

/**
 * Checks that a laptop knows the secret of the invite it names. Takes the same time for every wrong proof.
 *
 * @throws {AuthError} when it does not
 */
export async function verifyLogin(
  request: LoginRequest,
  { serverId, secret }: { readonly serverId: string; readonly secret: string },
): Promise<void> {
  if (await isHmac(request.proof, secret, loginText(request, serverId))) return;
  throw loginRefusal("the proof of the invite is wrong");
}

/** The login that an answer belongs to. */
export interface LoginContext {
  readonly serverId: string;
  readonly secret: string;
  readonly request: Omit<LoginRequest, "proof">;
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

function loginText({ invite, publicKey, nonce }: Omit<LoginRequest, "proof">, serverId: string): string {
  return JSON.stringify(["mypaas login v1", serverId, invite, publicKey, nonce]);
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
