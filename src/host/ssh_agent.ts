import {
  type AgentKey,
  identitiesRequest,
  MAX_AGENT_ANSWER_BYTES,
  parseAgentSignature,
  parseIdentities,
  signRequestMessage,
} from "../auth/agent_messages.ts";
import { keyId, type Signer } from "../auth/keys.ts";
import { AuthError } from "../error.ts";
import { within } from "../wait.ts";

/** An agent may ask its owner for every signature; a request is valid as long. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * The ed25519 keys that an ssh-agent holds.
 *
 * @param socket its path: SSH_AUTH_SOCK
 * @throws {AuthError} when it does not answer
 */
export async function agentKeys(socket: string): Promise<readonly AgentKey[]> {
  return await ask(socket, identitiesRequest(), parseIdentities);
}

/** Signs with a key that an agent holds. @param publicKey raw, base64url */
export async function agentSigner(socket: string, publicKey: string): Promise<Signer> {
  return {
    id: await keyId(publicKey),
    publicKey,
    async sign(data) {
      const signature = await ask(socket, signRequestMessage(publicKey, data), parseAgentSignature);
      if (signature !== undefined) return signature;
      throw new AuthError("Cannot sign with the ssh-agent: it refused", {
        hint: "It may be locked, have lost the key, or have asked for a confirmation: look with ssh-add -l.",
      });
    },
  };
}

async function ask<T>(socket: string, message: Uint8Array, parse: (answer: Uint8Array) => T): Promise<T> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path: socket });
  } catch (cause) {
    throw new AuthError(`Cannot ask the ssh-agent: it is not at "${socket}"`, {
      cause,
      hint: 'Start one: eval "$(ssh-agent)" && ssh-add.',
    });
  }
  try {
    return await within(exchange(connection, message).then(parse), {
      what: "the ssh-agent answers",
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof Deno.errors.BrokenPipe)) throw cause;
    throw new AuthError(`Cannot ask the ssh-agent: what is at "${socket}" does not answer as one`, { cause });
  } finally {
    connection.close();
  }
}

/** @throws {RangeError} when the answer ends too early, or is too long */
async function exchange(connection: Deno.Conn, message: Uint8Array): Promise<Uint8Array> {
  for (let sent = 0; sent < message.length;) sent += await connection.write(message.subarray(sent));
  const length = new DataView((await readExactly(connection, 4)).buffer).getUint32(0);
  if (length > MAX_AGENT_ANSWER_BYTES) throw new RangeError(`an answer of ${length} bytes`);
  return await readExactly(connection, length);
}

async function readExactly(connection: Deno.Conn, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw new RangeError("the answer ends too early");
    at += count;
  }
  return bytes;
}
