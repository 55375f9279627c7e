import { MyPaasError } from "../error.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";

const ALGORITHM = "Ed25519";
const PUBLIC_KEY_BYTES = 32;
/** What stands before the 32 bytes of an ed25519 seed in PKCS #8 (RFC 8410, 7). */
const PKCS8_HEAD = Uint8Array.fromHex("302e020100300506032b657004220420");

/** Signs with an ed25519 key, wherever its private part is: in this process, or with an ssh-agent. */
export interface Signer {
  /** `keyId` of the public key. */
  readonly id: string;
  /** Raw public key, base64url. */
  readonly publicKey: string;
  /** Signs bytes: 64 bytes of ed25519. */
  readonly sign: (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
}

/** An ed25519 key of a laptop or of the daemon whose private part is here. */
export interface KeyPair extends Signer {
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
    return await importPkcs8(bytes);
  } catch (cause) {
    throw new MyPaasError("Cannot read the private key: it must be an ed25519 key (PKCS #8 in base64url)", { cause });
  }
}

/** Makes the key of a seed (RFC 8032, 5.1.5): what other formats than PKCS #8 hold. @param seed 32 bytes */
export async function importSeed(seed: Uint8Array): Promise<KeyPair> {
  return await importPkcs8(new Uint8Array([...PKCS8_HEAD, ...seed]));
}

/** Names a public key (raw, base64url): the first 16 hex digits of its SHA-256. */
export async function keyId(publicKey: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", publicKeyBytes(publicKey))).toHex().slice(0, 16);
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

async function importPkcs8(bytes: Uint8Array<ArrayBuffer>): Promise<KeyPair> {
  return await toKeyPair(await crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, true, ["sign"]));
}

async function toKeyPair(privateKey: CryptoKey): Promise<KeyPair> {
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  if (x === undefined) throw new TypeError("the key has no public part");
  const sign: Signer["sign"] = async (data) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, data));
  return { id: await keyId(x), publicKey: x, privateKey, sign };
}
