import type { Signer } from "../auth/keys.ts";
import { AuthError } from "../error.ts";
import { agentSigner } from "./ssh_agent.ts";

/**
 * What runs with an agent of its own, and ends it when `cat` ends, which waits for the end of this process. Ctrl-C is for
 * this process to handle, which may have to sign once more; a terminal that goes away must not keep it from its end.
 */
const HOLD = 'ssh-add -q -- "$1" && trap "" INT HUP && echo "$SSH_AUTH_SOCK" && cat; kill "$SSH_AGENT_PID"';

/**
 * Lets OpenSSH ask for the passphrase of a key on the terminal, and sign with it: neither the passphrase nor the key
 * gets into this process. They are forgotten when it ends, however it ends.
 *
 * @param path of the private key, absolute
 * @param publicKey raw, base64url
 * @throws {AuthError} when the passphrase is not given, or OpenSSH is not there
 */
export async function unlockedKey(path: string, publicKey: string): Promise<Signer> {
  const cannot = `Cannot use the key "${path}"`;
  let agent: Deno.ChildProcess;
  try {
    agent = new Deno.Command("ssh-agent", {
      args: ["sh", "-c", HOLD, "sh", path],
      // On the terminal, not in a window.
      env: { SSH_ASKPASS_REQUIRE: "never" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new AuthError(`${cannot}: it is encrypted, and there is no ssh-agent to open it`, {
      cause,
      hint: "Install OpenSSH, or use a key without a passphrase.",
    });
  }
  agent.unref();
  for await (const text of agent.stdout.pipeThrough(new TextDecoderStream())) {
    const socket = text.trim();
    if (socket !== "") return await agentSigner(socket, publicKey);
  }
  throw new AuthError(`${cannot}: its passphrase was not given`);
}
