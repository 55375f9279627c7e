import { LiveProgress } from "./live_progress.ts";
import { LOG_MARK, type PushEvent } from "./progress.ts";
import { Redraw, type TerminalSize } from "./redraw.ts";
import { wrapText } from "./text_width.ts";

/** Blanks before what a line that stays is continued with: as far as `[ 12.3 s] ` reaches, on a wide terminal. */
const INDENT = { wide: 10, narrow: 2 };
const WIDE_COLUMNS = 60;

/** When, and on what, something is shown. */
export interface Glance extends TerminalSize {
  /** Milliseconds of a clock. */
  readonly now: number;
}

/** The progress of a push as the characters that a terminal is sent. Pure. */
export class ProgressScreen {
  readonly #progress: LiveProgress;
  readonly #redraw = new Redraw();
  /** What is drawn, and on how wide a terminal. */
  #drawn = "";

  /** @param first what goes on before the first event, such as `reading the folder` */
  constructor(first: string, now: number) {
    this.#progress = new LiveProgress(first, now);
  }

  /** Takes an event. @returns what to write now; empty when it can wait for the next `tick` */
  next(event: PushEvent, glance: Glance): string {
    const stay = this.#progress.next(event, glance);
    return stay.length === 0 ? "" : this.#draw(stay, this.#progress.block(glance), glance);
  }

  /** @returns what to write as time goes by, or the terminal changes its size; mostly nothing */
  tick(glance: Glance): string {
    return this.#draw([], this.#progress.block(glance), glance);
  }

  /** @returns what to write at the end, after which others write below it */
  end(glance: Glance): string {
    return this.#draw(this.#progress.end(glance), [], glance);
  }

  #draw(stay: readonly string[], block: readonly string[], { columns, rows }: Glance): string {
    const drawn = [columns, rows, ...block].join("\n");
    if (stay.length === 0 && drawn === this.#drawn) return "";
    const first = this.#drawn === "" && block.length === 0 && stay.length === 0;
    this.#drawn = drawn;
    return first ? "" : this.#redraw.under(wrapLines(stay, columns), block, { columns, rows });
  }
}

/**
 * Lines as a terminal of so many columns shows them well; undefined: as they are, for whoever reads them there. A line that
 * begins with a blank is there to be copied (an address, a path, what a build wrote): the terminal itself wraps it.
 */
export function wrapLines(lines: readonly string[], columns: number | undefined): readonly string[] {
  if (columns === undefined) return lines;
  const narrow = columns < WIDE_COLUMNS;
  return lines.flatMap((line) => {
    if (line.startsWith(LOG_MARK)) return [narrow ? `  ${line.trimStart()}` : line];
    if (line.startsWith(" ")) return [line];
    return wrapText(line, { columns, indent: narrow || !line.startsWith("[") ? INDENT.narrow : INDENT.wide });
  });
}
