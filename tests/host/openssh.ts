import { waitUntil } from "../../src/wait.ts";

/** Makes a key pair with the real ssh-keygen: `path` and `path.pub`. @returns the line of the public key */
export async function sshKeygen(
  path: string,
  { type = "ed25519", passphrase = "", comment = "ann@laptop", more = [] }: {
    readonly type?: string;
    readonly passphrase?: string;
    readonly comment?: string;
    readonly more?: readonly string[];
  } = {},
): Promise<string> {
  await openssh("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", comment, "-f", path, ...more]);
  return await Deno.readTextFile(`${path}.pub`);
}

/** Runs a program of OpenSSH, which must succeed, and gives what it printed. */
export async function openssh(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** A real ssh-agent. */
export class SshAgent implements AsyncDisposable {
  readonly socket: string;
  readonly #process: Deno.ChildProcess;

  private constructor(socket: string) {
    this.socket = socket;
    // In the foreground, so that it ends with this process' handle.
    this.#process = new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "null", stderr: "null" })
      .spawn();
  }

  /** @param folder where its socket is made */
  static async start(folder: string): Promise<SshAgent> {
    const agent = new SshAgent(`${folder}/agent.sock`);
    await waitUntil(() => Deno.stat(agent.socket).then(() => true, () => false), {
      what: "the ssh-agent listens",
      timeoutMs: 5000,
    });
    return agent;
  }

  /** The environment by which programs find it. */
  get env(): Record<string, string> {
    return { SSH_AUTH_SOCK: this.socket };
  }

  /** Runs ssh-add, such as with the path of a private key, or `-D`. */
  async add(...args: readonly string[]): Promise<void> {
    await openssh("ssh-add", ["-q", ...args], this.env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.status;
  }
}
