// Public keys as OpenSSH writes them: `ssh-ed25519 AAAA... comment`, of which the second word is the key's blob in base64
// (RFC 8709, 4: the strings "ssh-ed25519" and the 32 bytes of the key).
import { UsageError } from "../error.ts";
import { quoted } from "../wire/fields.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { joined, SshReader, sshString } from "./ssh_wire.ts";

/** The only type of SSH keys that signs here. */
export const SSH_TYPE = "ssh-ed25519";
const PUBLIC_KEY_BYTES = 32;

/**
 * Reads a public key: a line of OpenSSH, or our own 32 bytes in base64url.
 *
 * @returns the raw key, base64url
 * @throws {UsageError} when it is neither, or of another type
 */
export function parsePublicKey(text: string): string {
  const line = text.trim();
  if (line.includes("PRIVATE KEY")) {
    throw new UsageError("Cannot use the public key: it is a private key", {
      hint: "Give the file beside it whose name ends in .pub.",
    });
  }
  if (fromBase64Url(line, PUBLIC_KEY_BYTES) !== undefined) return line;
  const [type = "", blob = ""] = line.split(/[ \t]+/);
  const known = line.includes("\n") ? undefined : typeOfBlob(blob);
  if (known === undefined || known !== type) {
    throw new UsageError(
      `Cannot read the public key ${
        quoted(line)
      }: it must be a line "${SSH_TYPE} AAAA...", a file with one, or 32 bytes in base64url`,
    );
  }
  const publicKey = publicKeyOfBlob(Uint8Array.fromBase64(blob));
  if (publicKey !== undefined) return publicKey;
  throw new UsageError(`Cannot use the public key: its type is "${type}", it must be "${SSH_TYPE}"`, {
    hint: "Make one with: ssh-keygen -t ed25519.",
  });
}

/** Writes a public key (raw, base64url) as OpenSSH's blob. */
export function blobOfPublicKey(publicKey: string): Uint8Array<ArrayBuffer> {
  return joined(sshString(SSH_TYPE), sshString(fromBase64Url(publicKey, PUBLIC_KEY_BYTES) ?? new Uint8Array()));
}

/** The public key (raw, base64url) of a blob; undefined when it is of another type. */
export function publicKeyOfBlob(blob: Uint8Array): string | undefined {
  try {
    const read = new SshReader(blob);
    if (read.text() !== SSH_TYPE) return undefined;
    const key = read.string();
    return key.length === PUBLIC_KEY_BYTES && read.left === 0 ? toBase64Url(key) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What `ssh-keygen -l` names a key by: `SHA256:` and the digest of its blob in base64 without padding. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", blobOfPublicKey(publicKey)));
  return `SHA256:${digest.toBase64({ omitPadding: true })}`;
}

function typeOfBlob(base64: string): string | undefined {
  try {
    return new SshReader(Uint8Array.fromBase64(base64)).text();
  } catch {
    return undefined;
  }
}
