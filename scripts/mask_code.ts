// A `/` after one of these begins a regular expression; after anything else it divides.
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|throw|await|yield))\s*$/;

/**
 * Replaces what is inside strings, regular expressions and comments by spaces, so that a search finds code only. Quotes
 * stay, every character keeps its place, and code inside `${}` stays code. Comment marks go too.
 */
export function maskCode(source: string): string {
  const out = Array.from({ length: source.length }, (_, i) => source.charAt(i));
  // For each open `${`, how many braces are open inside it.
  const templates: number[] = [];
  let at = 0;

  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " ";
  };
  /** Blanks template text from `at` up to its end or its next `${`. */
  const template = () => {
    const start = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
    blank(start, at);
    if (source[at] === "`") at++;
    else {
      at += 2;
      templates.push(0);
    }
  };

  while (at < source.length) {
    const char = source.charAt(at);
    const open = templates.at(-1);
    if (source.startsWith("//", at) || (at === 0 && source.startsWith("#!"))) {
      const end = endOr(source.indexOf("\n", at), source);
      blank(at, end);
      at = end;
    } else if (source.startsWith("/*", at)) {
      const end = endOr(source.indexOf("*/", at + 2), source, 2);
      blank(at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      const end = quotedEnd(source, at, char);
      blank(at + 1, end);
      at = end + 1;
    } else if (char === "/" && BEFORE_REGEX.test(out.slice(Math.max(0, at - 40), at).join(""))) {
      const end = regexEnd(source, at);
      blank(at + 1, end);
      at = end + 1;
    } else if (char === "`") {
      at++;
      template();
    } else if (char === "}" && open === 0) {
      templates.pop();
      at++;
      template();
    } else {
      if (open !== undefined && char === "{") templates[templates.length - 1] = open + 1;
      if (open !== undefined && char === "}") templates[templates.length - 1] = open - 1;
      at++;
    }
  }
  return out.join("");
}

function endOr(index: number, source: string, length = 0): number {
  return index < 0 ? source.length : index + length;
}

function quotedEnd(source: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < source.length && source[at] !== quote && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
  return Math.min(at, source.length);
}

function regexEnd(source: string, start: number): number {
  let inClass = false;
  let at = start + 1;
  for (; at < source.length && source[at] !== "\n"; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "[") inClass = true;
    else if (source[at] === "]") inClass = false;
    else if (source[at] === "/" && !inClass) break;
  }
  return Math.min(at, source.length);
}
