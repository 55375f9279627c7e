// A key that takes the place of another signs that it does: otherwise whoever has a key could register the public key of
// somebody else. The request itself is signed with the key that goes.
import { AuthError } from "../error.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { isSignedBy, type Signer } from "./keys.ts";

const SIGNATURE_BYTES = 64;

export interface RotationClaim {
  readonly serverId: string;
  /** Id of the key that goes. */
  readonly oldKey: string;
}

/** What goes with a rotation as `signature`: base64url. @param next the key that comes */
export async function signRotation(claim: RotationClaim, next: Signer): Promise<string> {
  return toBase64Url(await next.sign(rotationText(claim, next.publicKey)));
}

/**
 * Checks that who rotates a key has the private part of the next one.
 *
 * @throws {AuthError} when it does not
 */
export async function verifyRotation(
  claim: RotationClaim,
  next: { readonly publicKey: string; readonly signature: string },
): Promise<void> {
  const signature = fromBase64Url(next.signature, SIGNATURE_BYTES);
  const data = rotationText(claim, next.publicKey);
  if (signature !== undefined && await isSignedBy(next.publicKey, { data, signature })) return;
  throw new AuthError("Cannot rotate the key: it is not signed with the private key of the next one");
}

/** Begins as no signed request does: those begin with the name of a component in quotes (RFC 9421, 2.5). */
function rotationText({ serverId, oldKey }: RotationClaim, publicKey: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(["mypaas rotate key v1", serverId, oldKey, publicKey]));
}
