const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A path for people: what could act on a terminal, break a line or turn the writing direction is escaped. */
export function shownPath(path: string): string {
  return path.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (char) => SHORT[char] ?? escaped(char.charCodeAt(0)),
  );
}

function escaped(code: number): string {
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
