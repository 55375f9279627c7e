// Private keys as OpenSSH writes them (PROTOCOL.key of openssh-portable), in base64 between two lines of dashes:
//
//   "openssh-key-v1\0", string cipher, string kdf, string kdf options, uint32 number of keys, string public key (a blob),
//   string private part, encrypted with the cipher: uint32 check, uint32 the same again, string "ssh-ed25519",
//   string public key (32 bytes), string seed + public key (64 bytes), string comment, then 1, 2, 3... up to the block size
//
// Encrypted ones are left to OpenSSH: its bcrypt_pbkdf is not native here, and takes half a minute in the compiled program.
import { AuthError } from "../error.ts";
import { toBase64Url } from "./base64url.ts";
import { importSeed, type KeyPair } from "./keys.ts";
import { publicKeyOfBlob, SSH_TYPE } from "./ssh_public_key.ts";
import { SshReader } from "./ssh_wire.ts";

const ARMOR = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = "openssh-key-v1\0";
const SEED_BYTES = 32;

/** A private key that was read, as far as that goes without a passphrase. */
export interface SshPrivateKey {
  /** Raw public key, base64url. */
  readonly publicKey: string;
  /** Undefined when it is encrypted. */
  readonly privatePart: Uint8Array | undefined;
}

/** Whether a text is meant to be a key of OpenSSH, or of PEM at all. */
export function looksLikePem(text: string): boolean {
  return text.includes("-----BEGIN ");
}

/**
 * Reads a key file.
 *
 * @param what how messages name it, such as `"/home/ann/.ssh/id_ed25519"`; the text is never repeated
 * @throws {AuthError} when it is no ed25519 key of OpenSSH, or damaged
 */
export function parseSshPrivateKey(text: string, what: string): SshPrivateKey {
  const base64 = ARMOR.exec(text)?.[1];
  if (base64 === undefined) {
    throw refusal(what, "it is no key of OpenSSH", "Make one with: ssh-keygen -t ed25519.");
  }
  try {
    return readKey(new SshReader(Uint8Array.fromBase64(base64.replace(/\s/g, ""))), what);
  } catch (cause) {
    if (cause instanceof RangeError || cause instanceof SyntaxError) {
      throw refusal(what, "it is damaged", undefined, cause);
    }
    throw cause;
  }
}

function readKey(read: SshReader, what: string): SshPrivateKey {
  if (new TextDecoder().decode(read.take(MAGIC.length)) !== MAGIC) throw refusal(what, "it is no key of OpenSSH");
  const [cipher, _kdf, _options] = [read.text(), read.text(), read.string()];
  if (read.uint32() !== 1) throw refusal(what, "it must hold one key");
  const blob = read.string();
  const publicKey = publicKeyOfBlob(blob);
  if (publicKey === undefined) {
    const type = new SshReader(blob).text();
    throw refusal(what, `its type is "${type}", it must be "${SSH_TYPE}"`, "Make one with: ssh-keygen -t ed25519.");
  }
  const privatePart = read.string();
  return { publicKey, privatePart: cipher === "none" ? privatePart : undefined };
}

/**
 * Opens the private part of a key that is not encrypted.
 *
 * @throws {AuthError} when it is damaged
 */
export async function openSshPrivateKey(
  publicKey: string,
  { privatePart, what }: { readonly privatePart: Uint8Array; readonly what: string },
): Promise<KeyPair> {
  const read = new SshReader(privatePart);
  try {
    const isWhole = read.uint32() === read.uint32();
    const [type, own, pair] = [read.text(), toBase64Url(read.string()), read.string()];
    const key = await importSeed(pair.subarray(0, SEED_BYTES));
    if (isWhole && type === SSH_TYPE && own === publicKey && key.publicKey === publicKey) return key;
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof DOMException)) throw cause;
  }
  throw refusal(what, "it is damaged");
}

function refusal(what: string, reason: string, hint?: string, cause?: unknown): AuthError {
  return new AuthError(`Cannot use the key ${what}: ${reason}`, { hint, cause });
}
