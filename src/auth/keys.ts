import { MyPaasError } from "../error.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";

const ALGORITHM = "Ed25519";
const PUBLIC_KEY_BYTES = 32;

/** An ed25519 key of a laptop or of the daemon, with what others know it by. */
export interface KeyPair {
  /** `keyId` of the public key. */
  readonly id: string;
  /** Raw public key, base64url. */
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
}

/** Makes a new key. */
export async function generateKey(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("ed25519 made no pair");
  return await toKeyPair(pair.privateKey);
}

/** Writes a private key down: PKCS #8 (RFC 8410), base64url. */
export async function exportPrivateKey({ privateKey }: KeyPair): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

/**
 * Reads what `exportPrivateKey` wrote.
 *
 * @throws {MyPaasError} when it is something else; the text is not repeated
 */
export async function importPrivateKey(pkcs8: string): Promise<KeyPair> {
  try {
    const bytes = fromBase64Url(pkcs8.trim());
    if (bytes === undefined) throw new TypeError("not base64url");
    return await toKeyPair(await crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, true, ["sign"]));
  } catch (cause) {
    throw new MyPaasError("Cannot read the private key: it must be an ed25519 key (PKCS #8 in base64url)", { cause });
  }
}

/** Names a public key (raw, base64url): the first 16 hex digits of its SHA-256. */
export async function keyId(publicKey: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", publicKeyBytes(publicKey))).toHex().slice(0, 16);
}

/** Signs bytes: 64 bytes of ed25519. */
export async function sign({ privateKey }: KeyPair, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, data));
}

/** Whether a signature over `data` was made with the private key of a public key (raw, base64url). */
export async function isSignedBy(
  publicKey: string,
  { data, signature }: { readonly data: Uint8Array<ArrayBuffer>; readonly signature: Uint8Array<ArrayBuffer> },
): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", publicKeyBytes(publicKey), ALGORITHM, false, ["verify"]);
  return await crypto.subtle.verify(ALGORITHM, key, signature, data);
}

function publicKeyBytes(publicKey: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64Url(publicKey, PUBLIC_KEY_BYTES);
  if (bytes === undefined) {
    throw new MyPaasError(`Cannot read the public key "${publicKey}": it must be 32 bytes in base64url`);
  }
  return bytes;
}

async function toKeyPair(privateKey: CryptoKey): Promise<KeyPair> {
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  if (x === undefined) throw new TypeError("the key has no public part");
  return { id: await keyId(x), publicKey: x, privateKey };
}
