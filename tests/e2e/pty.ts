import { waitUntil } from "../../src/wait.ts";

/** A program at a real pseudo-terminal, which util-linux's `script` makes. */
export class Pty implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  #output = "";

  /** @param command words of a shell's command line; nothing of it may need quotes */
  constructor(command: string, { env, cwd }: { readonly env: Readonly<Record<string, string>>; readonly cwd: string }) {
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--return", "--command", `exec ${command}`, "/dev/null"],
      env: { TERM: "dumb", ...env },
      cwd,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#read = this.#collect();
  }

  /** Types a text. Ends of lines are `\r`, as the key sends it. */
  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Waits for something on the screen and gives it; what was before it is forgotten. */
  async see(pattern: RegExp): Promise<RegExpExecArray> {
    const match = await waitUntil(() => pattern.exec(this.#output) ?? undefined, {
      what: `${pattern} is on the screen`,
      timeoutMs: 15_000,
      intervalMs: 20,
    }).catch((error) => {
      throw new Error(`${error.message}; there is: ${JSON.stringify(this.#output)}`);
    });
    this.#output = this.#output.slice(match.index + match[0].length);
    return match;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    this.#child.kill("SIGTERM");
    await this.#read;
    await this.#child.status;
  }

  async #collect(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#output += text;
  }
}
