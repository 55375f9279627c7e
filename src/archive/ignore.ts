import { UsageError } from "../error.ts";
import { compileIgnorePattern, type IgnorePattern } from "./ignore_pattern.ts";

/** What the rules say about one path, and what its children need of it. */
export interface IgnoreMatch {
  readonly ignored: boolean;
  /** Which patterns matched the path or a parent of it, in the order of the file. */
  readonly matched: readonly boolean[];
}

/** The rules of one `.dockerignore`. Paths are relative to the context, with `/`. */
export interface IgnoreRules {
  /** Judges an entry when its folder has been judged; nothing is asked about a parent twice. `undefined`: the context itself. */
  match(path: string, parent: IgnoreMatch | undefined): IgnoreMatch;
  isIgnored(path: string): boolean;
  /** Whether an ignored folder may hold something that is kept by a `!` line. */
  mayKeepInside(folder: string): boolean;
}

/**
 * Reads a `.dockerignore` with Docker's meaning of it: lines as moby/patternmatcher's `ignorefile.ReadAll` takes them,
 * paths as `MatchesUsingParentResults` judges them (BuildKit walks a context with it). The last line that matches wins; a
 * pattern that matches a folder matches all that is inside.
 *
 * @param name the file's name, for messages
 * @throws {UsageError} naming file and line of a malformed pattern. Go's escapes such as `\d` and `[:alpha:]`, which Docker
 * would take by accident, are refused as well
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
  function match(path: string, parent: IgnoreMatch | undefined): IgnoreMatch {
    let ignored = false;
    const matched = patterns.map((pattern, index) => {
      let hit = parent?.matched[index] ?? false;
      if (!hit) {
        // A line that could not change the verdict is not asked, and so does not count for children either.
        if (pattern.exception !== ignored) return false;
        hit = pattern.matches(path);
      }
      if (hit) ignored = !pattern.exception;
      return hit;
    });
    return { ignored, matched };
  }

  return {
    match,
    isIgnored(path) {
      let verdict: IgnoreMatch | undefined;
      const parts = path.split("/");
      for (let i = 1; i <= parts.length; i++) verdict = match(parts.slice(0, i).join("/"), verdict);
      return verdict?.ignored ?? false;
    },
    mayKeepInside: (folder) => patterns.some((pattern) => pattern.exception && pattern.mayMatchInside(folder)),
  };
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
