/** As wcwidth(3) of most terminals has it; told apart from what the product believes. */
function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (/\p{M}/u.test(character) || code === 0x200d || code === 0xfe0f) return 0;
  const wide = [[0x1100, 0x115f], [0x2e80, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xff00, 0xff60], [
    0x1f300,
    0x1faff,
  ], [0x20000, 0x3fffd]];
  return wide.some(([from = 0, to = 0]) => code >= from && code <= to) ? 2 : 1;
}

/**
 * A terminal in little: text, line breaks (as the kernel hands them on, with a carriage return), the cursor up, and the
 * screen cleared below. Anything else that is no text is an error, so that the product sends nothing else by accident.
 */
export class TerminalModel {
  readonly columns: number;
  readonly rows: number;
  readonly #lines: string[][] = [[]];
  /** Lines that went on in the next one because the terminal ended: their part in the first. */
  readonly wrapped: string[] = [];
  #continued = false;
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  /** Where the cursor is: rows from the top of all that was shown. */
  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** All that was shown and not drawn over, what has scrolled away included; without empty lines at the end. */
  get text(): readonly string[] {
    const lines = this.#lines.map((line) => line.join("").trimEnd());
    return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  }

  write(text: string): void {
    // deno-lint-ignore no-control-regex
    for (const [token] of text.matchAll(/\x1b\[[0-?]*[ -/]*[@-~]|[^]/gu)) this.#take(token);
  }

  #take(token: string): void {
    if (token === "\r") this.#column = 0;
    else if (token === "\n") {
      this.#lineFeed();
      this.#continued = false;
    } else if (token.startsWith("\x1b[") && token.endsWith("A")) this.#up(Number(token.slice(2, -1)));
    else if (token === "\x1b[J") this.#clearBelow();
    else if (/\p{Cc}/u.test(token)) throw new Error(`the terminal was sent ${JSON.stringify(token)}`);
    else this.#put(token);
  }

  #lineFeed(): void {
    this.#row++;
    this.#column = 0;
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  /** What has scrolled away cannot be reached. */
  #up(rows: number): void {
    const top = Math.max(0, this.#lines.length - this.rows);
    this.#row = Math.max(top, this.#row - rows);
  }

  #clearBelow(): void {
    this.#lines.splice(this.#row + 1);
    this.#lines[this.#row]?.splice(this.#column);
  }

  #put(character: string): void {
    const width = columnsOf(character);
    if (width > 0 && this.#column + width > this.columns) {
      if (!this.#continued) this.wrapped.push((this.#lines[this.#row] ?? []).join(""));
      this.#continued = true;
      this.#lineFeed();
    }
    const line = this.#lines[this.#row] ?? [];
    while (line.length < this.#column) line.push(" ");
    if (width === 0) line[this.#column - 1] = `${line[this.#column - 1] ?? ""}${character}`;
    else line.splice(this.#column, width, character, ...(width === 2 ? [""] : []));
    this.#column += width;
  }
}
