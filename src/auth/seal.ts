// Secrets pass the receiver, which must not learn them: they are sealed to a key of their reader.
//
//   sender = X25519 key pair made for this one value
//   key (32 bytes), iv (12 bytes) = HKDF-SHA-256(
//     secret: X25519(sender, reader), salt: sender's public key + reader's public key,
//     info: "mypaas seal v1" + "\n" + JSON of the context)
//   box = AES-256-GCM(key, iv, UTF-8 of the value)
//
// The context says what the value is for, so that a value cannot be passed off as another one.
import { MyPaasError } from "../error.ts";
import type { SealedValue } from "../wire/sealed.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";

const ALGORITHM = "X25519";
const KEY_BYTES = 32;
const IV_BYTES = 12;

/** The X25519 key of who may open sealed values. */
export interface SealingKey {
  /** Raw public key, base64url. */
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
}

/** What a value is for, such as `["env", serverId, service, name]`: the same on both sides. */
export type SealContext = readonly string[];

/** Makes a new key. */
export async function generateSealingKey(): Promise<SealingKey> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ["deriveBits"]);
  if (!("privateKey" in pair)) throw new TypeError("X25519 made no pair");
  return await toSealingKey(pair.privateKey);
}

/** Writes a private key down: PKCS #8 (RFC 8410), base64url. */
export async function exportSealingKey({ privateKey }: SealingKey): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

/**
 * Reads what `exportSealingKey` wrote.
 *
 * @throws {MyPaasError} when it is something else; the text is not repeated
 */
export async function importSealingKey(pkcs8: string): Promise<SealingKey> {
  try {
    const bytes = fromBase64Url(pkcs8.trim());
    if (bytes === undefined) throw new TypeError("not base64url");
    return await toSealingKey(await crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, true, ["deriveBits"]));
  } catch (cause) {
    throw new MyPaasError("Cannot read the sealing key: it must be an X25519 key (PKCS #8 in base64url)", { cause });
  }
}

/**
 * Seals a value.
 *
 * @param reader public key of who may open it (raw, base64url)
 * @throws {MyPaasError} when that is no such key
 */
export async function seal(
  value: string,
  { reader, context }: { readonly reader: string; readonly context: SealContext },
): Promise<SealedValue> {
  const sender = await generateSealingKey();
  const { key, iv } = await cipherOf(sender.privateKey, {
    other: reader,
    salt: [sender.publicKey, reader],
    context,
  });
  const box = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(value));
  return { sender: sender.publicKey, box: toBase64Url(new Uint8Array(box)) };
}

/**
 * Opens what `seal` made for this key and this context.
 *
 * @throws {MyPaasError} when it was made for another key or context, or was changed on the way
 */
export async function openSealed(
  { sender, box }: SealedValue,
  { reader, context }: { readonly reader: SealingKey; readonly context: SealContext },
): Promise<string> {
  try {
    const { key, iv } = await cipherOf(reader.privateKey, {
      other: sender,
      salt: [sender, reader.publicKey],
      context,
    });
    const bytes = fromBase64Url(box);
    if (bytes === undefined) throw new TypeError("not base64url");
    const value = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new MyPaasError("Cannot open a sealed value: it is for another reader or purpose, or was changed", {
      cause,
      hint: "Try again. If it happens again, something between client and server changes requests.",
    });
  }
}

async function cipherOf(
  privateKey: CryptoKey,
  { other, salt, context }: {
    readonly other: string;
    /** Public keys of the sender and the reader. */
    readonly salt: readonly [sender: string, reader: string];
    readonly context: SealContext;
  },
): Promise<{ readonly key: CryptoKey; readonly iv: Uint8Array<ArrayBuffer> }> {
  const publicKey = await crypto.subtle.importKey("raw", keyBytes(other), ALGORITHM, false, []);
  const shared = await sharedSecret(privateKey, publicKey);
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    {
      name: "HKDF",
      hash: "SHA-256",
      salt: new Uint8Array(salt.flatMap((text) => [...keyBytes(text)])),
      info: new TextEncoder().encode(`mypaas seal v1\n${JSON.stringify(context)}`),
    },
    secret,
    8 * (KEY_BYTES + IV_BYTES),
  );
  const key = await crypto.subtle.importKey("raw", bits.slice(0, KEY_BYTES), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { key, iv: new Uint8Array(bits.slice(KEY_BYTES)) };
}

/** @throws {MyPaasError} for a public key of small order, with which the secret would be known (RFC 7748, 6.1) */
async function sharedSecret(privateKey: CryptoKey, publicKey: CryptoKey): Promise<ArrayBuffer> {
  try {
    return await crypto.subtle.deriveBits({ name: ALGORITHM, public: publicKey }, privateKey, 8 * KEY_BYTES);
  } catch (cause) {
    throw new MyPaasError("Cannot use the sealing key: it is none that keeps a secret", { cause });
  }
}

function keyBytes(publicKey: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64Url(publicKey, KEY_BYTES);
  if (bytes === undefined) {
    throw new MyPaasError(`Cannot read the sealing key "${publicKey}": it must be 32 bytes in base64url`);
  }
  return bytes;
}

async function toSealingKey(privateKey: CryptoKey): Promise<SealingKey> {
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  if (x === undefined) throw new TypeError("the key has no public part");
  return { publicKey: x, privateKey };
}
