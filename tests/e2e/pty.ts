import { waitUntil } from "../../src/wait.ts";

/** A real terminal: script(1), which every Debian has, runs a shell in one. What is typed goes in, what it shows comes out. */
export class Pty implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #copied: Promise<void>;
  #device = "";
  #shown = "";
  /** Where `shows` looks from. */
  #from = 0;

  private constructor(env: Record<string, string>) {
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--command", "exec sh", "/dev/null"],
      env: { SHELL: "/bin/sh", PS1: "$ ", ENV: "", ...env },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#copied = this.#copy();
  }

  /** Opens a terminal of 24 rows and 80 columns. */
  static async open(env: Record<string, string> = {}): Promise<Pty> {
    const pty = new Pty(env);
    await pty.type("tty\r");
    [pty.#device = ""] = await pty.shows(/\/dev\/pts\/\d+/);
    await pty.resize(24, 80);
    return pty;
  }

  /** `\r` is the return key, `\x03` is Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(keys));
  }

  /** Waits until the terminal shows something, behind what was waited for before. */
  async shows(what: RegExp): Promise<RegExpExecArray> {
    const match = await waitUntil(() => what.exec(this.#shown.slice(this.#from)) ?? undefined, {
      what: `the terminal shows ${what}`,
      timeoutMs: 20_000,
      intervalMs: 20,
    }).catch((error) => {
      throw new Error(`${error.message}\n${JSON.stringify(this.#shown)}`);
    });
    this.#from += match.index + match[0].length;
    return match;
  }

  /** As when its window is dragged: the kernel tells the program in front. */
  async resize(rows: number, columns: number): Promise<void> {
    const args = ["-F", this.#device, "rows", String(rows), "cols", String(columns)];
    const { success } = await new Deno.Command("stty", { args }).output();
    if (!success) throw new Error(`stty ${args.join(" ")} failed`);
  }

  async #copy(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#child.stdout) this.#shown += decoder.decode(bytes, { stream: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#input.close().catch(() => {});
    await this.#copied;
    await this.#child.status;
  }
}
