/** What comparing a piece of a pattern with the beginning of a name gives. */
interface Outcome {
  /** What is left of the name; undefined when it does not match. */
  readonly left?: readonly string[];
  /** What is wrong with the pattern, as a sentence fragment. */
  readonly wrong?: string;
}

/**
 * Finds what Go's `filepath.Match(pattern, ".")` finds wrong with a pattern, which moby asks before it takes one. Go looks no
 * further than to the first piece (from one `*` to the next) that does not match, so what is malformed after it passes.
 *
 * @returns a sentence fragment; undefined when nothing was found
 */
export function faultOfPattern(pattern: string): string | undefined {
  let rest: readonly string[] = [...pattern];
  let name: readonly string[] = ["."];
  while (rest.length > 0) {
    const piece = firstPiece(rest);
    rest = rest.slice(piece.end);
    if (piece.star && piece.chars.length === 0) return undefined;
    const isDone = ({ left }: Outcome) => left !== undefined && (left.length === 0 || rest.length > 0);
    let outcome = matchPiece(piece.chars, name);
    for (let i = 1; piece.star && outcome.wrong === undefined && !isDone(outcome) && i <= name.length; i++) {
      outcome = matchPiece(piece.chars, name.slice(i));
    }
    if (outcome.wrong !== undefined) return outcome.wrong;
    if (outcome.left === undefined || !isDone(outcome)) return undefined;
    name = outcome.left;
  }
  return undefined;
}

/** Go's `scanChunk`. */
function firstPiece(pattern: readonly string[]) {
  let begin = 0;
  while (pattern[begin] === "*") begin++;
  let inClass = false;
  let end = begin;
  for (; end < pattern.length; end++) {
    const char = pattern[end];
    if (char === "\\") end++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "*" && !inClass) break;
  }
  return { star: begin > 0, chars: pattern.slice(begin, end), end: Math.min(end, pattern.length) };
}

/** Go's `matchChunk`. */
function matchPiece(chars: readonly string[], name: readonly string[]): Outcome {
  let matches = true;
  let at = 0;
  for (let i = 0; i < chars.length;) {
    const char = chars[i++];
    const next = name[at++];
    matches &&= next !== undefined;
    if (char === "[") {
      const negated = chars[i] === "^";
      if (negated) i++;
      let hit = false;
      for (let first = true; first || chars[i] !== "]"; first = false) {
        const low = member(chars, i);
        if (typeof low === "string") return { wrong: low };
        const high = chars[low.end] === "-" ? member(chars, low.end + 1) : low;
        if (typeof high === "string") return { wrong: high };
        i = high.end;
        const code = next?.codePointAt(0) ?? 0;
        hit ||= low.code <= code && code <= high.code;
      }
      i++;
      matches &&= hit !== negated;
    } else if (char === "?") {
      matches &&= next !== "/";
    } else if (char === "\\") {
      if (i === chars.length) return { wrong: "a `\\` at its end" };
      const escaped = chars[i++];
      matches &&= escaped === next;
    } else {
      matches &&= char === next;
    }
  }
  return matches ? { left: name.slice(at) } : {};
}

/** Go's `getEsc`: a character between brackets, which another has to follow. */
function member(chars: readonly string[], begin: number): { readonly code: number; readonly end: number } | string {
  const char = chars[begin];
  if (char === undefined || char === "-" || char === "]") return "a `[` without a proper range and `]`";
  const at = char === "\\" ? begin + 1 : begin;
  const found = chars[at];
  if (found === undefined) return "a `\\` at its end";
  return at + 1 < chars.length ? { code: found.codePointAt(0) ?? 0, end: at + 1 } : "a `[` without `]`";
}
