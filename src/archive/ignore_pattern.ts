import { faultOfPattern } from "./go_match.ts";
import { goRegExp } from "./go_regexp.ts";

/** One line of a `.dockerignore`, ready to be compared with paths. */
export interface IgnorePattern {
  /** A line that begins with `!`: what it matches is kept. */
  readonly exception: boolean;
  /** As it is written, cleaned, without the `!`. */
  readonly text: string;
  /** How many parts it has between its slashes. */
  readonly parts: number;
  /** Whether it matches this very path; parents are the business of the rules. */
  readonly matches: (path: string) => boolean;
}

/**
 * Compiles one cleaned pattern the way moby's pkg/fileutils of Docker 20.10 does (`NewPatternMatcher` and `compile`), its
 * oddities included: characters such as `+`, `(` and `|` reach the regular expression as they are, and `*` and `?` are
 * wildcards between brackets too.
 *
 * @param pattern without the leading `!`
 * @returns a sentence fragment that says what is wrong with a malformed pattern
 */
export function compileIgnorePattern(pattern: string, exception: boolean): IgnorePattern | string {
  const wrong = faultOfPattern(pattern);
  if (wrong !== undefined) return wrong;
  const matches = matcher(pattern);
  if (typeof matches === "string") return matches;
  return { exception, text: pattern, parts: pattern.split("/").length, matches };
}

function matcher(pattern: string): ((path: string) => boolean) | string {
  // Most lines are plain names, and comparing is many times faster.
  if (/^[\w ./@:,%=~#-]*$/.test(pattern)) return (path) => path === pattern;
  const expression = goRegExp(`^${expressionOf(pattern)}$`);
  return typeof expression === "string" ? expression : (path) => expression.test(path);
}

/** The regular expression that moby gives to Go. */
function expressionOf(pattern: string): string {
  // Go's scanner skips a byte order mark at the beginning of any pattern.
  const chars = [...pattern.replace(/^\uFEFF/, "")];
  let expression = "";
  for (let i = 0; i < chars.length;) {
    const char = chars[i++] ?? "";
    if (char === "*" && chars[i] === "*") {
      i++;
      if (chars[i] === "/") i++;
      expression += i < chars.length ? "(.*/)?" : ".*";
    } else if (char === "*") {
      expression += "[^/]*";
    } else if (char === "?") {
      expression += "[^/]";
    } else if (char === "." || char === "$") {
      expression += `\\${char}`;
    } else if (char === "\\") {
      expression += `\\${chars[i++] ?? ""}`;
    } else {
      expression += char;
    }
  }
  return expression;
}
