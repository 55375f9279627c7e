import { UsageError } from "../error.ts";
import { readShellText, ShellSyntaxError, splitFlags, trim, trimStart } from "./shell_words.ts";

/** One `# mypaas.<name> = <value>` line. */
export interface OptionLine {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** One instruction, its continuation lines joined. */
export interface Instruction {
  /** Upper case, such as `COPY`. */
  readonly keyword: string;
  /** Leading flags such as `--from=build`, without quotes. */
  readonly flags: readonly string[];
  /** What follows the flags, as it is written. */
  readonly args: string;
  /** The line it begins in, from 1. */
  readonly line: number;
}

/** What MyPaas reads off a Dockerfile. */
export interface Dockerfile {
  /** How messages name it. */
  readonly file: string;
  /** The escape character: backslash or backtick. */
  readonly escape: string;
  /** The image of the `# syntax=` directive. */
  readonly syntax: { readonly image: string; readonly line: number } | undefined;
  readonly options: readonly OptionLine[];
  readonly instructions: readonly Instruction[];
  /** Where instructions with heredocs begin. */
  readonly heredocLines: readonly number[];
}

/**
 * Reads a Dockerfile as BuildKit does (frontend/dockerfile/parser): BOM, CRLF, parser directives, continuation lines with
 * comments between them, heredocs. Comments outside heredocs that begin with `mypaas.` are options.
 *
 * @throws {UsageError} names file and line
 */
export function readDockerfile(text: string, file: string): Dockerfile {
  const lines = text.replace(/^\ufeff/, "").split("\n").map((line) => line.replace(/[\r\n]+$/, ""));
  const escape = escapeDirective(lines, file);
  const reader = new LineReader(lines, file, escape);
  const instructions: Instruction[] = [];
  const heredocLines: number[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const instruction = readInstruction(line, file, escape);
    instructions.push(instruction);
    const found = heredocs(instruction, line, escape);
    if (found.length > 0) heredocLines.push(line.line);
    for (const heredoc of found) reader.skipHeredoc(heredoc);
  }
  return { file, escape, syntax: syntaxDirective(lines), options: reader.options, instructions, heredocLines };
}

/** The sentence for something that stands in a line of a Dockerfile and cannot be read. */
export function dockerfileError(file: string, line: number, reason: string, hint?: string): UsageError {
  return new UsageError(`Cannot read ${file} line ${line}: ${reason}`, { hint });
}

/** Quotes a value for a message: no control characters, not longer than a line. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

interface Heredoc {
  readonly name: string;
  /** `<<-`: tabs before the terminator do not count. */
  readonly chomp: boolean;
  readonly line: number;
}

/** Joins continuation lines, and collects the options among the comments. */
class LineReader {
  readonly options: OptionLine[] = [];
  readonly #lines: readonly string[];
  readonly #file: string;
  readonly #continuation: RegExp;
  #at = 0;

  constructor(lines: readonly string[], file: string, escape: string) {
    this.#lines = lines;
    this.#file = file;
    const char = `\\${escape}`;
    this.#continuation = new RegExp(`(^|[^${char}])${char}[ \\t]*$`);
  }

  next(): LogicalLine | undefined {
    let text = "";
    let start = 0;
    while (this.#at < this.#lines.length) {
      const raw = this.#lines[this.#at++] ?? "";
      const bare = trimStart(raw);
      if (bare.startsWith("#")) {
        this.#comment(bare);
        continue;
      }
      if (bare === "") continue;
      if (start === 0) start = this.#at;
      const part = text === "" ? bare : raw;
      const joined = part.replace(this.#continuation, "$1");
      text += joined;
      if (joined === part) return { text, line: start };
    }
    return trim(text) === "" ? undefined : { text, line: start };
  }

  skipHeredoc({ name, chomp, line }: Heredoc): void {
    // Versions of BuildKit differ in where such a heredoc ends, and so in which lines are instructions.
    if (name.includes("$")) {
      throw dockerfileError(this.#file, line, `the name of the heredoc ${quoted(name)} has a variable`);
    }
    while (this.#at < this.#lines.length) {
      const raw = this.#lines[this.#at++] ?? "";
      if ((chomp ? raw.replace(/^\t+/, "") : raw) === name) return;
    }
    throw dockerfileError(this.#file, line, `the heredoc ${quoted(name)} does not end`);
  }

  #comment(comment: string): void {
    // Never quietly something else than in mypaas 0.5, which read such a line as an option.
    const [, hidden] = /^#[#\s]*#\s*(mypaas\.[^\s=]+\s*=.*)$/s.exec(comment) ?? [];
    if (hidden !== undefined) {
      throw dockerfileError(
        this.#file,
        this.#at,
        `${quoted(trim(comment))} has more than one #, so that it is unclear whether it is an option`,
        `Write # ${trim(hidden)}, or take the line out; with other words before mypaas. it is a mere comment`,
      );
    }
    const [, name, equals, value] = /^#\s*mypaas\.([^\s=]*)\s*(=?)(.*)$/s.exec(comment) ?? [];
    if (name === undefined) return;
    if (!equals) {
      throw dockerfileError(
        this.#file,
        this.#at,
        `${quoted(trim(comment))} is not an option; options are written # mypaas.<name> = <value>`,
      );
    }
    this.options.push({ name, value: trim(value ?? ""), line: this.#at });
  }
}

function readInstruction({ text, line }: LogicalLine, file: string, escape: string): Instruction {
  // A byte that is not UTF-8 reaches BuildKit as it is, and would be read differently there.
  if (text.includes("\ufffd")) throw dockerfileError(file, line, "it is not UTF-8 text");
  const [keyword = "", rest = ""] = splitKeyword(text);
  if (!/^[a-z]+$/i.test(keyword)) throw dockerfileError(file, line, `${quoted(keyword)} is not an instruction`);
  const { flags, rest: args } = splitFlags(rest, escape);
  return { keyword: keyword.toUpperCase(), flags, args, line };
}

/** The instruction that an `ONBUILD` holds back. */
export function onBuildInstruction({ args, line }: Instruction, escape: string): Instruction {
  const [keyword = "", rest = ""] = splitKeyword(args);
  const { flags, rest: inner } = splitFlags(rest, escape);
  return { keyword: keyword.toUpperCase(), flags, args: inner, line };
}

function splitKeyword(text: string): readonly string[] {
  return /^([^\t\v\f\r ]+)(?:[\t\v\f\r ]+(.*))?$/s.exec(trim(text))?.slice(1) ?? [];
}

function heredocs(instruction: Instruction, { text, line }: LogicalLine, escape: string): readonly Heredoc[] {
  const inner = instruction.keyword === "ONBUILD" ? onBuildInstruction(instruction, escape) : instruction;
  if (!["ADD", "COPY", "RUN"].includes(inner.keyword) || !text.includes("<<") || isJsonArray(inner.args)) return [];
  try {
    // BuildKit always reads heredocs with the backslash, whatever the escape character is.
    const { words } = readShellText(text, { escape: "\\", keepQuotes: true, keepEscapes: true });
    return words.flatMap((word) => heredocOf(word, line));
  } catch (error) {
    if (error instanceof ShellSyntaxError) return []; // as BuildKit: such a line has no heredoc
    throw error;
  }
}

function heredocOf(word: string, line: number): readonly Heredoc[] {
  const [, dash, quotedName] = /^\d*<<(-?)\s*([^<]+)$/.exec(word) ?? [];
  if (quotedName === undefined) return [];
  const { words } = readShellText(quotedName, { escape: "\\" });
  const [name, second] = words;
  return name === undefined || second !== undefined ? [] : [{ name, chomp: dash === "-", line }];
}

function isJsonArray(args: string): boolean {
  if (!args.startsWith("[")) return false;
  try {
    return Array.isArray(JSON.parse(args));
  } catch {
    return false;
  }
}

/** Directives stand before everything else, each once: `escape`, `syntax`, `check`. */
function escapeDirective(lines: readonly string[], file: string): string {
  const seen = new Map<string, string>();
  for (const [index, raw] of lines.entries()) {
    const [, key, value] = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(trimStart(raw)) ?? [];
    const name = key?.toLowerCase();
    if (name === undefined || value === undefined || !["escape", "syntax", "check"].includes(name)) break;
    if (seen.has(name)) throw dockerfileError(file, index + 1, `the directive "${name}" is given twice`);
    if (name === "escape" && value !== "\\" && value !== "`") {
      throw dockerfileError(file, index + 1, `the escape character ${quoted(value)} is neither \\ nor \``);
    }
    seen.set(name, value);
  }
  return seen.get("escape") ?? "\\";
}

/**
 * The image that will read the Dockerfile. Wider than the rule for `escape`, because older engines go on after unknown
 * directives and newer ones accept `//` and a first line `#!`: what any of them would run must be seen here.
 */
function syntaxDirective(lines: readonly string[]): Dockerfile["syntax"] {
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.startsWith("#!")) continue;
    const [, key, value] = /^(?:#|\/\/)\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return undefined;
    if (key.toLowerCase() === "syntax") return { image: value.split(" ")[0] ?? value, line: index + 1 };
  }
  return undefined;
}
