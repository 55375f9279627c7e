import { UsageError } from "../error.ts";
import { compileIgnorePattern, type IgnorePattern } from "./ignore_pattern.ts";

/** The rules of one `.dockerignore`. Paths are relative to the context, with `/`. */
export interface IgnoreRules {
  /** Judges a path by itself. A folder that is not ignored says nothing about what is inside. */
  isIgnored(path: string): boolean;
  /** Whether Docker looks for what is kept in a folder that is ignored. */
  looksInto(folder: string): boolean;
  /** The same rules with one more line, which keeps a path. */
  keeping(path: string): IgnoreRules;
}

/**
 * Reads a `.dockerignore` with the meaning that the docker command gives it (20.10, for both builders): lines as
 * moby/buildkit's `dockerignore.ReadAll` takes them, paths as moby's `fileutils.PatternMatcher.Matches` judges them, folders
 * as `archive.TarWithOptions` walks them. The last line that matches wins. A pattern matches what is inside a folder too,
 * where it matches as many parts of the path as it has itself.
 *
 * BuildKit of Docker 23 and later has gone apart from this: there `!` lines with wildcards have every ignored folder looked
 * into, and `+()|{}^` stand for themselves.
 *
 * @param name the file's name, for messages
 * @throws {UsageError} naming file and line of a malformed pattern
 */
export function parseIgnore(text: string, name = ".dockerignore"): IgnoreRules {
  const patterns: IgnorePattern[] = [];
  for (const [index, line] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    const pattern = cleanLine(line);
    if (pattern === undefined) continue;
    const exception = pattern.startsWith("!");
    const compiled = pattern === "!"
      ? "nothing after `!`"
      : compileIgnorePattern(exception ? pattern.slice(1) : pattern, exception);
    if (typeof compiled === "string") {
      throw new UsageError(`Cannot read "${name}": line ${index + 1}, "${trim(line)}", has ${compiled}`, {
        hint: "Patterns are described at https://docs.docker.com/build/concepts/context/#dockerignore-files",
      });
    }
    patterns.push(compiled);
  }
  return rulesOf(patterns);
}

function rulesOf(patterns: readonly IgnorePattern[]): IgnoreRules {
  return {
    isIgnored(path) {
      const parents = path.split("/").slice(0, -1);
      let ignored = false;
      for (const pattern of patterns) {
        // A line that could not change the verdict is not asked.
        if (pattern.exception === ignored && isHit(pattern, path, parents)) ignored = !ignored;
      }
      return ignored;
    },
    looksInto: (folder) => patterns.some(({ exception, text }) => exception && `${text}/`.startsWith(`${folder}/`)),
    keeping(path) {
      const pattern = compileIgnorePattern(path, true);
      return typeof pattern === "string" ? this : rulesOf([...patterns, pattern]);
    },
  };
}

function isHit({ matches, parts }: IgnorePattern, path: string, parents: readonly string[]): boolean {
  return matches(path) || (parts <= parents.length && matches(parents.slice(0, parts).join("/")));
}

/** One line as a cleaned pattern, `!` in front of an exception; undefined when it says nothing. */
function cleanLine(line: string): string | undefined {
  if (line.startsWith("#")) return undefined;
  let pattern = trim(line);
  if (pattern === "") return undefined;
  const exception = pattern.startsWith("!");
  if (exception) pattern = trim(pattern.slice(1));
  if (pattern !== "") {
    pattern = cleanPath(pattern);
    if (pattern.length > 1 && pattern.startsWith("/")) pattern = pattern.slice(1);
  }
  // Docker cleans twice: once the line, once the pattern with its `!`.
  const whole = trim(exception ? `!${pattern}` : pattern);
  return whole === "" ? undefined : cleanPath(whole);
}

/** Go's `strings.TrimSpace`. */
function trim(text: string): string {
  const space = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  return text.replace(new RegExp(`^${space}|${space}$`, "g"), "");
}

/** Go's `filepath.Clean`. */
function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push(part);
  }
  const joined = parts.join("/");
  if (rooted) return `/${joined}`;
  return joined === "" ? "." : joined;
}
