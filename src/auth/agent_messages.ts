// What is said to an ssh-agent (draft-miller-ssh-agent): messages of a type and values of SSH, each behind its length.
import { blobOfPublicKey, publicKeyOfBlob, SSH_TYPE } from "./ssh_public_key.ts";
import { joined, SshReader, sshString, sshUint32 } from "./ssh_wire.ts";

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const SIGNATURE_BYTES = 64;

/** Longest answer that is read. */
export const MAX_AGENT_ANSWER_BYTES = 1 << 20;

/** A key that an agent holds. */
export interface AgentKey {
  /** Raw ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly comment: string;
}

/** Asks which keys there are. */
export function identitiesRequest(): Uint8Array<ArrayBuffer> {
  return sshString(Uint8Array.of(REQUEST_IDENTITIES));
}

/**
 * The ed25519 keys of an answer; others are left out.
 *
 * @param answer without its length
 * @throws {RangeError} when it is no such answer
 */
export function parseIdentities(answer: Uint8Array): readonly AgentKey[] {
  const read = new SshReader(answer);
  if (read.byte() !== IDENTITIES_ANSWER) throw new RangeError("it is no list of keys");
  const keys: AgentKey[] = [];
  for (let left = read.uint32(); left > 0; left--) {
    const [publicKey, comment] = [publicKeyOfBlob(read.string()), read.text()];
    if (publicKey !== undefined) keys.push({ publicKey, comment });
  }
  return keys;
}

/** Asks for a signature with a key (raw, base64url). */
export function signRequestMessage(publicKey: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const values = [sshString(blobOfPublicKey(publicKey)), sshString(data), sshUint32(0)];
  return sshString(joined(Uint8Array.of(SIGN_REQUEST), ...values));
}

/**
 * The signature (64 bytes) of an answer; undefined when the agent refused.
 *
 * @param answer without its length
 * @throws {RangeError} when it is no such answer
 */
export function parseAgentSignature(answer: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const read = new SshReader(answer);
  if (read.byte() !== SIGN_RESPONSE) return undefined;
  const signature = new SshReader(read.string());
  if (signature.text() !== SSH_TYPE) throw new RangeError("it is a signature of another type");
  const bytes = signature.string();
  if (bytes.length !== SIGNATURE_BYTES) throw new RangeError("it is no signature");
  return bytes;
}
