const TAIL_LINES = 20;
/** So many of the tail's lines are kept for stderr. */
const TAIL_ERRORS = 10;
const STDERR = 2;
/** A line without an end is cut here, so that memory has one. */
const MAX_LINE_LENGTH = 64 * 1024;

interface Line {
  /** Counts the lines of the step. */
  readonly n: number;
  readonly text: string;
}

/** What one step of a build writes. */
export class StepOutput {
  readonly #open = new Map<number, { readonly decoder: TextDecoder; rest: string }>();
  #lines = 0;
  #recent: Line[] = [];
  #errors: Line[] = [];

  /**
   * Takes the next piece and gives the lines that it completes.
   *
   * @param stream 1: stdout, 2: stderr
   */
  write(stream: number, piece: Uint8Array): readonly string[] {
    const open = this.#open.get(stream) ?? { decoder: new TextDecoder(), rest: "" };
    this.#open.set(stream, open);
    const parts = (open.rest + open.decoder.decode(piece, { stream: true })).split("\n");
    open.rest = parts.pop() ?? "";
    if (open.rest.length >= MAX_LINE_LENGTH) {
      parts.push(open.rest);
      open.rest = "";
    }
    return parts.map((part) => this.#add(stream, part));
  }

  /** Gives the lines that end without a line end. */
  end(): readonly string[] {
    const last: string[] = [];
    for (const [stream, open] of this.#open) {
      if (open.rest !== "") last.push(this.#add(stream, open.rest));
      open.rest = "";
    }
    return last;
  }

  /**
   * The last lines, 20 at most. stdout and stderr come through two pipes and may overtake each other, so the end of
   * stderr, where the cause stands, is kept even when much of stdout came after it.
   */
  tail(): readonly string[] {
    const errors = new Set(this.#errors);
    const others = this.#recent.filter((line) => !errors.has(line));
    const kept = TAIL_LINES - errors.size;
    return [...errors, ...others.slice(-kept)].sort((a, b) => a.n - b.n).map(({ text }) => text);
  }

  #add(stream: number, raw: string): string {
    const line = { n: this.#lines++, text: afterReturn(raw) };
    this.#recent = [...this.#recent, line].slice(-TAIL_LINES);
    if (stream === STDERR) this.#errors = [...this.#errors, line].slice(-TAIL_ERRORS);
    return line.text;
  }
}

/** What a terminal would show of a line that a progress bar wrote over with carriage returns. */
function afterReturn(line: string): string {
  return line.split("\r").findLast((part) => part !== "") ?? "";
}
