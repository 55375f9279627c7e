import { cutText, textWidth } from "./text_width.ts";

/** To the first column, and everything from there to the end of the terminal cleared (ECMA-48). */
const CLEAR_BELOW = "\r\x1b[J";

/** A terminal's size in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Draws a block of lines over the one before it, where it stands: no other screen, so that the last one stays to be read.
 * The cursor waits on the line below the block and is never hidden, so whatever ends the program leaves a clean terminal.
 */
export class Redraw {
  /** Columns of the lines that are on the terminal. */
  #drawn: readonly number[] = [];

  /**
   * The text that draws the next block, without the last line break. Lines are cut at the terminal's width, and those that
   * do not fit on it are counted in the last one: what has scrolled away cannot be drawn again.
   */
  next(lines: readonly string[], size: TerminalSize): string {
    return this.under([], lines, size).replace(/\n$/, "");
  }

  /** The text, line breaks included, that writes lines which stay in the place of the block, and the next block under them. */
  under(stay: readonly string[], lines: readonly string[], { columns, rows }: TerminalSize): string {
    const room = Math.max(1, rows - 1);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more`];
    const cut = shown.map((line) => cutText(line, columns));
    // A terminal that was made narrower since has wrapped what is on it.
    const up = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    this.#drawn = cut.map(textWidth);
    return (up > 0 ? `\x1b[${up}A` : "") + CLEAR_BELOW + [...stay, ...cut].map((line) => `${line}\n`).join("");
  }
}
