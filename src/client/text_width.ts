/** Marks, joiners and other characters that take no column. */
const NO_WIDTH = /^[\p{M}\p{Cf}\p{Cc}]$/u;
/**
 * Characters that take two columns: East Asian Wide and Fullwidth (Unicode's EastAsianWidth.txt, by script where JavaScript
 * knows it), and emoji.
 */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Tangut}\p{Emoji_Presentation}\u2e80-\u303e\u3041-\u33ff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]$/u;
/** Letters of wide scripts that are as narrow as Latin ones. */
const HALF_WIDTH = /^[\uff61-\uffdc]$/;
/** Asks for the emoji of the character before it, which is wide then. */
const EMOJI_VARIANT = "\ufe0f";

/**
 * Columns that a text without control characters takes on a terminal. Where terminals differ (joined emoji, flags) it is
 * the most that one of them takes.
 */
export function textWidth(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** The beginning of a text that fits into so many columns. */
export function cutText(text: string, columns: number): string {
  if (isAscii(text)) return text.slice(0, Math.max(0, columns));
  let width = 0;
  let cut = "";
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) return cut;
    cut += character;
  }
  return cut;
}

/**
 * A line as several that fit into so many columns, parted between words. A word that is too long stays whole, so that an
 * address can be copied: the terminal wraps it.
 *
 * @param indent blanks before each line but the first
 */
export function wrapText(
  line: string,
  { columns, indent }: { readonly columns: number; readonly indent: number },
): string[] {
  if (textWidth(line) <= columns) return [line];
  const [, blanks = "", text = ""] = /^( *)(.*)$/s.exec(line) ?? [];
  const lines: string[] = [];
  let current = blanks;
  let empty = true;
  for (const word of text.split(" ")) {
    const longer = empty ? current + word : `${current} ${word}`;
    if (!empty && textWidth(longer) > columns) {
      lines.push(current);
      current = " ".repeat(indent) + word;
    } else {
      current = longer;
      empty = false;
    }
  }
  return [...lines, current];
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function widthOf(character: string): number {
  if (character === EMOJI_VARIANT) return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) && !HALF_WIDTH.test(character) ? 2 : 1;
}
