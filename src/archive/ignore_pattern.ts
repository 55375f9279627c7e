/** One line of a `.dockerignore`, ready to be compared with paths. */
export interface IgnorePattern {
  /** A line that begins with `!`: what it matches is kept. */
  readonly exception: boolean;
  /** Whether it matches this very path; parents are the business of the rules. */
  matches(path: string): boolean;
  /** Whether it could match something below `folder` by itself. Errs on the side of yes. */
  mayMatchInside(folder: string): boolean;
}

/**
 * Compiles one cleaned pattern the way moby/patternmatcher v0.6.0 does (`New` and `compile`), its oddities included: a
 * pattern is compared as text, by its beginning, by its end, or as a regular expression.
 *
 * @param pattern without the leading `!`
 * @returns a sentence fragment that says what is wrong with a malformed pattern
 */
export function compileIgnorePattern(pattern: string, exception: boolean): IgnorePattern | string {
  const wrong = syntaxProblem(pattern);
  if (wrong !== undefined) return wrong;
  const matches = matcher(pattern);
  if (typeof matches === "string") return matches;
  return { exception, matches, mayMatchInside: insideCheck(pattern) };
}

/** Checks what Go's `filepath.Match` checks before moby takes a pattern. */
function syntaxProblem(pattern: string): string | undefined {
  const chars = [...pattern];
  let i = 0;
  const classMember = (): string | undefined => {
    const char = chars[i];
    if (char === undefined || char === "-" || char === "]") return "a `[` without a proper range and `]`";
    if (char === "\\") i++;
    if (chars[i] === undefined) return "a `\\` at its end";
    i++;
    return chars[i] === undefined ? "a `[` without `]`" : undefined;
  };
  while (i < chars.length) {
    const char = chars[i++];
    if (char === "\\") {
      if (chars[i] === undefined) return "a `\\` at its end";
      i++;
    } else if (char === "[") {
      if (chars[i] === "^") i++;
      let members = 0;
      while (!(chars[i] === "]" && members > 0)) {
        let wrong = classMember();
        if (wrong === undefined && chars[i] === "-") {
          i++;
          wrong = classMember();
        }
        if (wrong !== undefined) return wrong;
        members++;
      }
      i++;
    }
  }
  return undefined;
}

function matcher(pattern: string): ((path: string) => boolean) | string {
  const chars = [...pattern];
  let kind: "exact" | "prefix" | "suffix" | "expression" = "exact";
  let expression = "";
  // The number of turns, not of characters, as in the original: `**` counts once.
  for (let i = 0, turn = 0; i < chars.length; turn++) {
    const char = chars[i++] ?? "";
    if (char === "*" && chars[i] === "*") {
      i++;
      if (chars[i] === "/") i++;
      if (i < chars.length) {
        expression += "(.*/)?";
        kind = "expression";
      } else if (kind === "exact") {
        kind = "prefix";
      } else {
        expression += ".*";
        kind = "expression";
      }
      if (turn === 0) kind = "suffix";
    } else if (char === "*" || char === "?") {
      expression += char === "*" ? "[^/]*" : "[^/]";
      kind = "expression";
    } else if (char === "\\") {
      expression += `\\${chars[i++] ?? ""}`;
      kind = "expression";
    } else if (char === "[" || char === "]") {
      expression += char;
      kind = "expression";
    } else {
      expression += ".+()|{}$".includes(char) ? `\\${char}` : char;
    }
  }
  switch (kind) {
    case "exact":
      return (path) => path === pattern;
    case "prefix":
      return (path) => path.startsWith(pattern.slice(0, -2));
    case "suffix": {
      const end = pattern.slice(2);
      return (path) => path.endsWith(end) || (end.startsWith("/") && path === end.slice(1));
    }
    case "expression": {
      const translated = fromGo(expression);
      if (translated instanceof RegExp) return (path) => translated.test(path);
      return translated;
    }
  }
}

/** Translates the regular expression that moby would give to Go into one of JavaScript's. */
function fromGo(expression: string): RegExp | string {
  const chars = [...expression];
  let source = "";
  let inClass = false;
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    if (char === "\\") {
      const escaped = chars[++i] ?? "";
      // Go reads `\d` as a class and refuses `\y`: neither is what the writer of an ignore file means.
      if (/[A-Za-z0-9]|[^\0-\x7f]/.test(escaped)) return `a \`\\\` before \`${escaped}\``;
      source += /[\^$\\.*+?()[\]{}|/]/.test(escaped) || (inClass && escaped === "-") ? `\\${escaped}` : escaped;
    } else if (inClass) {
      if (char === "[" && chars[i + 1] === ":") return "a `[:`";
      source += char === "[" ? "\\[" : char;
      if (char === "]") inClass = false;
    } else if (char === "[") {
      inClass = true;
      source += char;
      if (chars[i + 1] === "^") source += chars[++i];
    } else if (char === "]") {
      source += "\\]";
    } else {
      // Go's dot matches all but the line feed.
      source += char === "." ? "[^\\n]" : char;
    }
  }
  try {
    return new RegExp(`^${source}$`, "u");
  } catch {
    return "a malformed range";
  }
}

function insideCheck(pattern: string): (folder: string) => boolean {
  const parts = pattern.split("/");
  // From the first of these on a part may match across slashes.
  const wild = parts.findIndex((part) => part.includes("**") || part.includes("[") || part.includes("\\"));
  return (folder) => {
    const folders = folder.split("/");
    if (wild === -1 && folders.length >= parts.length) return false;
    const comparable = Math.min(folders.length, wild === -1 ? parts.length : wild);
    for (let i = 0; i < comparable; i++) {
      const part = parts[i] ?? "";
      if (!/[*?]/.test(part) && part !== folders[i]) return false;
    }
    return true;
  };
}
