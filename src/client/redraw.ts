/** To the first column, and everything from there to the end of the terminal cleared (ECMA-48). */
const CLEAR_BELOW = "\r\x1b[J";

/**
 * Draws a block of lines over the one before it, where it stands: no other screen, so that the last one stays to be read.
 * The cursor waits on the line below the block.
 */
export class Redraw {
  /** Characters of the lines that are on the terminal. */
  #drawn: readonly number[] = [];

  /**
   * The text that draws the next block, without the last line break. Lines are cut at the terminal's width, and those that
   * do not fit on it are counted in the last one: what has scrolled away cannot be drawn again.
   */
  next(lines: readonly string[], { columns, rows }: { readonly columns: number; readonly rows: number }): string {
    const room = Math.max(1, rows - 1);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more`];
    const cut = shown.map((line) => [...line].slice(0, columns).join(""));
    // A terminal that was made narrower since has wrapped what is on it.
    const up = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    this.#drawn = cut.map((line) => [...line].length);
    return (up > 0 ? `\x1b[${up}A` : "") + CLEAR_BELOW + cut.join("\n");
  }
}
