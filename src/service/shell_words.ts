/**
 * Reads text the way BuildKit's lexer does (frontend/dockerfile/shell): quotes, escapes, `$variables`, and `<<` as a part
 * of a word. The image fence depends on reading exactly what Docker will read.
 */

/** White space by Go's `unicode.IsSpace`, which is not JavaScript's `\s` (U+0085 is, U+FEFF is not). */
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const LEADING_SPACE = new RegExp(`^${SPACE.source}+`);
const TRAILING_SPACE = new RegExp(`${SPACE.source}+$`);

/** Takes the white space off the front. */
export function trimStart(text: string): string {
  return text.replace(LEADING_SPACE, "");
}

/** Takes the white space off both ends. */
export function trim(text: string): string {
  return trimStart(text).replace(TRAILING_SPACE, "");
}

/** A quote or a variable that does not end, or a form of variable that cannot be read. */
export class ShellSyntaxError extends Error {
  override readonly name = "ShellSyntaxError";
}

export interface ShellReading {
  /** Backslash, or the character of the `# escape=` directive. */
  readonly escape: string;
  readonly keepQuotes?: boolean;
  readonly keepEscapes?: boolean;
  /** The value of a variable, undefined when it is not set; without it variables stay as they are written. */
  readonly lookup?: (name: string) => string | undefined;
}

export interface ShellText {
  readonly text: string;
  /** The same, split at white space outside quotes; empty words are left out. */
  readonly words: readonly string[];
}

/**
 * Reads quotes, escapes and variables.
 *
 * @throws {ShellSyntaxError}
 */
export function readShellText(source: string, reading: ShellReading): ShellText {
  return new ShellReader(source, reading).read(undefined, reading.keepEscapes ?? false);
}

class ShellReader {
  readonly #chars: readonly string[];
  readonly #reading: ShellReading;
  #at = 0;

  constructor(source: string, reading: ShellReading) {
    this.#chars = [...source];
    this.#reading = reading;
  }

  /** Reads up to `stop`, or to the end. */
  read(stop: string | undefined, keepEscapes: boolean): ShellText {
    let text = "";
    const words = new WordList();
    for (let char = this.#next(); char !== undefined; char = this.#next()) {
      if (char === stop) return { text, words: words.done() };
      let part = char;
      if (char === "'" || char === '"') {
        part = char === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        words.add(part);
      } else if (char === "<" && this.#peek() === "<") {
        part = this.#heredocMark();
        words.add(part);
      } else if (char === this.#reading.escape) {
        part = (keepEscapes ? char : "") + (this.#next() ?? "");
        words.add(part);
      } else {
        if (char === "$") part = this.#variable();
        words.addSplit(part);
      }
      text += part;
    }
    if (stop !== undefined) throw new ShellSyntaxError(`"${stop}" is missing`);
    return { text, words: words.done() };
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #next(): string | undefined {
    return this.#chars[this.#at++];
  }

  #singleQuoted(): string {
    const quote = this.#reading.keepQuotes ? "'" : "";
    let text = quote;
    for (let char = this.#next(); char !== "'"; char = this.#next()) {
      if (char === undefined) throw new ShellSyntaxError("a single quote does not end");
      text += char;
    }
    return text + quote;
  }

  #doubleQuoted(keepEscapes: boolean): string {
    const { escape } = this.#reading;
    const quote = this.#reading.keepQuotes ? '"' : "";
    let text = quote;
    for (let char = this.#next(); char !== '"'; char = this.#next()) {
      if (char === undefined) throw new ShellSyntaxError("a double quote does not end");
      if (char === "$") {
        text += this.#variable();
      } else if (char === escape) {
        const next = this.#peek();
        if (next === '"' || next === "$" || next === escape) {
          this.#at++;
          text += (keepEscapes ? char : "") + next;
        } else if (next !== undefined) {
          text += char;
        }
      } else {
        text += char;
      }
    }
    return text + quote;
  }

  /** `<<` and the blanks after it stay in one word with what follows. */
  #heredocMark(): string {
    this.#at++;
    let mark = "<<";
    for (let char = this.#peek(); char === " " || char === "\t" || char === "\r"; char = this.#peek()) {
      mark += char;
      this.#at++;
    }
    return mark;
  }

  /** What follows a `$`. */
  #variable(): string {
    if (this.#peek() !== "{") {
      const name = this.#name();
      return name === "" ? "$" : this.#value(name) ?? this.#unset(`$${name}`);
    }
    this.#at++;
    if ("{}:".includes(this.#peek() ?? "}")) throw new ShellSyntaxError("a variable has no name");
    const name = this.#name();
    const mark = this.#next();
    if (mark === "}") return this.#value(name) ?? this.#unset(`\${${name}}`);
    if (mark === "/") {
      const rest = `${this.read("/", true).text}/${this.read("}", true).text}`;
      return this.#unset(`\${${name}/${rest}}`, "/");
    }
    if (mark === undefined || !":-+?#%".includes(mark)) throw new ShellSyntaxError(`"\${${name}" does not end`);
    const operator = mark === ":" ? mark + (this.#next() ?? "") : mark;
    if (operator === ":#" || operator === ":%") throw new ShellSyntaxError(`"${operator}" is not a form of variable`);
    const word = this.read("}", mark === "#" || mark === "%").text;
    if (!this.#reading.lookup) return `\${${name}${operator}${word}}`;
    const value = this.#value(name);
    const has = value !== undefined && !(operator.startsWith(":") && value === "");
    if (operator === "-" || operator === ":-") return has ? value : word;
    if (operator === "+" || operator === ":+") return has ? word : "";
    throw new ShellSyntaxError(`"\${${name}${operator}...}" is not a form that MyPaas reads`);
  }

  #value(name: string): string | undefined {
    return this.#reading.lookup?.(name);
  }

  #unset(written: string, unreadable?: string): string {
    if (!this.#reading.lookup) return written;
    if (unreadable) throw new ShellSyntaxError(`"${written}" is not a form that MyPaas reads`);
    return "";
  }

  /** Letters, digits and `_`; a name that begins with a digit is only digits; `@*#?-$!` are names of one character. */
  #name(): string {
    const first = this.#peek() ?? "";
    if (/^[@*#?\-$!]/.test(first)) {
      this.#at++;
      return first;
    }
    const allowed = /\p{Nd}/u.test(first) ? /\p{Nd}/u : /[\p{L}\p{Nd}_]/u;
    let name = "";
    for (let char = this.#peek(); char !== undefined && allowed.test(char); char = this.#peek()) {
      name += char;
      this.#at++;
    }
    return name;
  }
}

class WordList {
  readonly #words: string[] = [];
  #word = "";

  /** Adds a part in which white space does not end the word. */
  add(part: string): void {
    this.#word += part;
  }

  addSplit(part: string): void {
    for (const char of part) {
      if (SPACE.test(char)) this.#end();
      else this.#word += char;
    }
  }

  done(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== "") this.#words.push(this.#word);
    this.#word = "";
  }
}

/** Splits at white space outside quotes and leaves quotes, escapes and variables as they are written. */
export function splitQuotedWords(source: string, escape: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  const chars = [...source];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === escape && quote !== "'") {
      if (at + 1 < chars.length) word += char + chars[++at];
    } else if (quote === "" && SPACE.test(char)) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      if (quote === "" && (char === "'" || char === '"')) quote = char;
      else if (char === quote) quote = "";
      word += char;
    }
  }
  if (word !== "") words.push(word);
  return words;
}

/** The leading `--flags` of an instruction, without quotes and escapes, one character a byte, and what follows them. */
export function splitFlags(
  source: string,
  escape: string,
): { readonly flags: readonly string[]; readonly rest: string } {
  // Bytes, as BuildKit reads them: 0x85 and 0xA0 end a flag even in the middle of a UTF-8 character.
  const bytes = Array.from(new TextEncoder().encode(source), (byte) => String.fromCharCode(byte));
  const text = (from: string[]) => new TextDecoder().decode(Uint8Array.from(from, (char) => char.charCodeAt(0)));
  const flags: string[] = [];
  for (let at = 0;;) {
    while (at < bytes.length && SPACE.test(bytes[at] ?? "")) at++;
    if (bytes[at] !== "-" || bytes[at + 1] !== "-") return { flags, rest: trim(text(bytes.slice(at))) };
    const word: string[] = [];
    let quote = "";
    for (; at < bytes.length; at++) {
      const char = bytes[at] ?? "";
      if (quote === "" && SPACE.test(char)) break;
      if (char === quote) quote = "";
      else if (quote === "" && (char === "'" || char === '"')) quote = char;
      else if (char !== escape) word.push(char);
      else if (at + 1 < bytes.length) word.push(bytes[++at] ?? "");
    }
    if (word.join("") === "--") return { flags, rest: trim(text(bytes.slice(at))) };
    flags.push(word.join(""));
  }
}
