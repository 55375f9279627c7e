import { AuthError } from "../error.ts";

/** The value of a `content-digest` header (RFC 9530): `sha-256=:<base64>:`. */
export async function contentDigest(body: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return `sha-256=:${digest.toBase64()}:`;
}

/**
 * Checks a body against its `content-digest` header, which the signature covers.
 *
 * @throws {AuthError} when there is no sha-256 in the header, or the body is another
 */
export async function checkContentDigest(body: Uint8Array<ArrayBuffer>, header: string | null): Promise<void> {
  const named = header?.split(",").map((member) => member.trim()).filter((member) => member.startsWith("sha-256="));
  if (named?.length !== 1) throw new AuthError('Cannot accept the request: "content-digest" must have one sha-256');
  if (named[0] !== await contentDigest(body)) {
    throw new AuthError("Cannot accept the request: its body is not the one that was signed");
  }
}
