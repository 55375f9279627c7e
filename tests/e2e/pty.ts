import { waitUntil, within } from "../../src/wait.ts";

/** Python's own pseudo-terminal: what it is sent is typed on it, what it sends is what the terminal shows. */
const PTY = `
import os, pty, sys
os.environ["TERM"] = "xterm"
sys.exit(os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", 'stty cols "$0" rows "$1"; shift; exec "$@"'] + sys.argv[1:])))
`;

/** A program on a terminal of its own, with somebody who types. */
export class PtyProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #typed: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<void>;
  #shown = "";
  /** Where `shows` looks from. */
  #from = 0;

  /** @param command as words, such as `["/usr/bin/env", "ls"]` */
  constructor(
    command: readonly string[],
    { columns = 100, rows = 30, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
  ) {
    this.#child = new Deno.Command("python3", {
      args: ["-c", PTY, String(columns), String(rows), ...command],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#typed = this.#child.stdin.getWriter();
    this.#ended = this.#read();
  }

  /** All that was shown so far, control sequences and all. */
  get shown(): string {
    return this.#shown;
  }

  /** Types on the terminal; `\x03` is Ctrl-C. */
  async type(text: string): Promise<void> {
    await this.#typed.write(new TextEncoder().encode(text));
  }

  /** Waits until what is shown fulfils a condition. */
  async until(what: string, condition: (shown: string) => boolean, timeoutMs = 20_000): Promise<void> {
    await waitUntil(() => condition(this.#shown), { what: `the terminal shows ${what}`, timeoutMs }).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(this.#shown)}`);
    });
  }

  /** As when its window is dragged: the kernel tells the program in front. @param device such as `/dev/pts/3` */
  async resize(device: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    const args = ["-F", device, "rows", String(rows), "cols", String(columns)];
    const { success } = await new Deno.Command("stty", { args }).output();
    if (!success) throw new Error(`stty ${args.join(" ")} failed`);
  }

  /** Waits until something is shown behind what was waited for before. */
  async shows(what: RegExp): Promise<RegExpExecArray> {
    const find = () => what.exec(this.#shown.slice(this.#from));
    await this.until(String(what), () => find() !== null);
    const found = find();
    if (found === null) throw new Error(`${what} is not shown any more`);
    this.#from += found.index + found[0].length;
    return found;
  }

  /** Waits until the program has ended. @returns its exit code */
  async end(): Promise<number> {
    const { code } = await within(this.#child.status, { what: "the program on the terminal ends", timeoutMs: 20_000 });
    await this.#typed.close().catch(() => {});
    await this.#ended;
    return code;
  }

  /** Ends the program if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // The terminal hangs up, and with it what runs on it.
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.end();
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#shown += text;
  }
}
