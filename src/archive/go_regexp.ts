/** Escapes that mean the same in Go (RE2) and in JavaScript with the `u` flag. */
const SAME_ESCAPES = "dDwWfnrtv";
const ASSERTIONS: Readonly<Record<string, string>> = { A: "^", z: "$", b: "\\b", B: "\\B" };
const SPACE = "\\t\\n\\f\\r ";

/** Names between `[:` and `:]`; Go's are those of ASCII. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/**
 * Translates a regular expression of Go (https://pkg.go.dev/regexp/syntax, without groups that begin with `(?`) into one of
 * JavaScript.
 *
 * @returns a sentence fragment that says what is wrong with it. Escapes that no ignore file needs (`\Q`, `\p`, `\x`, octal
 * numbers) are refused as well
 */
export function goRegExp(source: string): RegExp | string {
  const chars = [...source];
  let result = "";
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    if (char === "\\") {
      const escaped = chars[++i] ?? "";
      const assertion = ASSERTIONS[escaped];
      const part = assertion === undefined ? escapeOf(escaped) : `(?:${assertion})`;
      if (part === undefined) return wrongEscape(escaped);
      result += part;
    } else if (char === "[") {
      const found = classOf(chars, i);
      if (typeof found === "string") return found;
      result += found.source;
      i = found.end;
    } else if (char === "^" || char === "$") {
      // Go lets a repetition follow an assertion.
      result += `(?:${char})`;
    } else if (char === "{") {
      const repeat = /^\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/.exec(chars.slice(i, i + 24).join(""))?.[0];
      if (repeat !== undefined && repeat.match(/\d+/g)?.some((count) => Number(count) > 1000)) {
        return "a malformed repetition";
      }
      result += repeat ?? "\\{";
      i += (repeat?.length ?? 1) - 1;
    } else if (char === "}" || char === "]") {
      result += `\\${char}`;
    } else {
      // Go's dot matches all but the line feed.
      result += char === "." ? "[^\\n]" : char;
    }
  }
  try {
    return new RegExp(result, "u");
  } catch {
    return "a malformed range, group or repetition";
  }
}

/** What an escaped character is outside and between brackets; undefined for one that is not known. */
function escapeOf(char: string): string | undefined {
  if (char === "a") return "\\x07";
  if (char === "s") return `[${SPACE}]`;
  if (char === "S") return `[^${SPACE}]`;
  if (/[A-Za-z0-9]|[^\0-\x7f]/.test(char) || char === "") {
    return SAME_ESCAPES.includes(char || "?") ? `\\${char}` : undefined;
  }
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function wrongEscape(char: string): string {
  return char === "" ? "a `\\` at its end" : `a \`\\\` before \`${char}\``;
}

/** Translates what is between brackets. @param begin where the `[` is */
function classOf(chars: readonly string[], begin: number): { readonly source: string; readonly end: number } | string {
  let source = "[";
  let i = begin + 1;
  if (chars[i] === "^") source += chars[i++];
  for (let first = true; i < chars.length; first = false, i++) {
    const char = chars[i] ?? "";
    if (char === "]" && !first) return { source: `${source}]`, end: i };
    if (char === "\\") {
      const escaped = chars[++i] ?? "";
      const part = escaped === "-" ? "\\-" : escaped === "s" ? SPACE : escaped === "S" ? undefined : escapeOf(escaped);
      if (part === undefined) return wrongEscape(escaped);
      source += part;
    } else if (char === "[" && chars[i + 1] === ":") {
      const close = chars.findIndex((_, at) => at > i + 1 && chars[at] === ":" && chars[at + 1] === "]");
      const ranges = POSIX_CLASSES[chars.slice(i + 2, close).join("")];
      if (close < 0) source += "\\[";
      else if (ranges === undefined) return "a `[:` without a name and `:]`";
      else {
        source += ranges;
        i = close + 1;
      }
    } else {
      source += char === "[" || char === "]" ? `\\${char}` : char;
    }
  }
  return "a `[` without `]`";
}
