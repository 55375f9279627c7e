/** Where a command reads and writes. */
export interface Terminal {
  /** Whether a person is at the other end. */
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Whether standard output may be coloured: a terminal, and `NO_COLOR` (no-color.org) empty or not set. */
  readonly color: boolean;
  /** Columns of the terminal now; undefined when standard output is none. */
  width(): number | undefined;
  /** Rows of the terminal now; undefined when standard output is none. */
  height(): number | undefined;
  /** Writes a line to standard output. @throws {Deno.errors.BrokenPipe} when nobody reads any more */
  out(line: string): void;
  /** Writes a line to standard error; nobody reading is no error. */
  err(line: string): void;
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
    width: () => isTerminal.stdout ? Deno.consoleSize().columns : undefined,
    height: () => isTerminal.stdout ? Deno.consoleSize().rows : undefined,
    out: (line) => writeLine(Deno.stdout, line),
    err(line) {
      try {
        writeLine(Deno.stderr, line);
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    },
  };
}

function writeLine(to: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += to.writeSync(bytes.subarray(written));
}
