/** Where a command reads and writes. */
export interface Terminal {
  /** Whether a person is at the other end. */
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Whether standard output may be coloured: a terminal, and `NO_COLOR` (no-color.org) empty or not set. */
  readonly color: boolean;
  /** Columns of the terminal now; undefined when neither standard output nor standard error is one. */
  width(): number | undefined;
  /** Rows of the terminal now; undefined when neither standard output nor standard error is one. */
  height(): number | undefined;
  /** Writes a line to standard output. @throws {UnreadError} when nobody reads any more */
  out(line: string): void;
  /** Writes a line to standard error; nobody reading is no error. */
  err(line: string): void;
  /** Writes to standard error as it is, without a line break behind it; nobody reading is no error. */
  draw(text: string): void;
}

/** Nobody reads what is written to standard output, as behind `| head -1`: no fault, and nothing to be said to anybody. */
export class UnreadError extends Error {
  override readonly name = "UnreadError";
}

/** The terminal, pipe or file that this process was started with. */
export function processTerminal(): Terminal {
  const isTerminal = {
    stdin: Deno.stdin.isTerminal(),
    stdout: Deno.stdout.isTerminal(),
    stderr: Deno.stderr.isTerminal(),
  };
  return {
    isTerminal,
    color: isTerminal.stdout && (Deno.env.get("NO_COLOR") ?? "") === "",
    width: () => size()?.columns,
    height: () => size()?.rows,
    out(line) {
      try {
        write(Deno.stdout, `${line}\n`);
      } catch (error) {
        throw isUnread(error) ? new UnreadError("Cannot write: nobody reads", { cause: error }) : error;
      }
    },
    err: (line) => tell(`${line}\n`),
    draw: tell,
  };

  function size(): { columns: number; rows: number } | undefined {
    return isTerminal.stdout || isTerminal.stderr ? Deno.consoleSize() : undefined;
  }
}

/** Whether writing failed because nobody reads any more: a closed pipe, or a terminal that is gone (EIO: Deno has no class). */
export function isUnread(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || (error instanceof Error && "code" in error && error.code === "EIO");
}

function tell(text: string): void {
  try {
    write(Deno.stderr, text);
  } catch (error) {
    if (!isUnread(error)) throw error;
  }
}

function write(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += to.writeSync(bytes.subarray(written));
}
