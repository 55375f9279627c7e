import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Candidates that commander does not know. */
export type NameKind = "services" | "servers" | "files";

/** What may stand where the cursor is. */
export interface Wanted {
  readonly candidates: readonly Candidate[];
  readonly names: NameKind | undefined;
  /** What there is of the word; candidates begin with it. */
  readonly current: string;
  /** What the words before the cursor say about where to look for names. */
  readonly server: string | undefined;
  readonly root: string | undefined;
  /** What the shell takes for the beginning of the word, such as `--server=`. */
  readonly prefix: string;
}

type Choice = Pick<Wanted, "candidates" | "names">;

const NOTHING: Choice = { candidates: [], names: undefined };

/**
 * Finds what may stand at the end of a command line that was begun, by walking the program's commands. Pure.
 *
 * @param words what follows the program's name; the last one is the word at the cursor, and may be empty
 */
export function completeWords(program: CommandUnknownOpts, words: readonly string[]): Wanted {
  const { earlier, current, prefix } = splitWords(words);
  const line = new Line(program);
  for (const word of earlier) line.take(word);
  const { candidates, names } = line.choicesAt(current);
  return {
    candidates: candidates.filter(({ word }) => word.startsWith(current)),
    names,
    current,
    server: line.values.get("server"),
    root: line.values.get("root"),
    prefix,
  };
}

/** What a command line says so far. */
class Line {
  /** Values of options, by their attribute names. */
  readonly values = new Map<string, string>();
  #command: CommandUnknownOpts;
  #parent: CommandUnknownOpts | undefined;
  #operands = 0;
  /** An option whose value comes next. */
  #open: Option | undefined;
  #onlyOperands = false;

  constructor(program: CommandUnknownOpts) {
    this.#command = program;
  }

  take(word: string): void {
    // bash's own word between an option and its value.
    if (word === "=" && this.#open !== undefined) return;
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined && (open.required || !word.startsWith("-"))) {
      this.values.set(open.attributeName(), word);
    } else if (word === "--") this.#onlyOperands = true;
    else if (!this.#onlyOperands && /^-./.test(word)) this.#takeOption(word);
    else this.#takeOperand(word);
  }

  #takeOption(word: string): void {
    const [name = "", ...value] = word.split("=");
    const option = this.#option(name);
    if (option === undefined || option.isBoolean()) return;
    if (value.length > 0) this.values.set(option.attributeName(), value.join("="));
    else this.#open = option;
  }

  #takeOperand(word: string): void {
    const sub = this.#operands > 0 ? undefined : subcommands(this.#command).find((one) => goesBy(one, word));
    if (sub === undefined) this.#operands++;
    else [this.#parent, this.#command] = [this.#command, sub];
  }

  choicesAt(current: string): Choice {
    if (this.#open !== undefined && (this.#open.required || !current.startsWith("-"))) return choicesOf(this.#open);
    if (!this.#onlyOperands && current.startsWith("-")) return { ...NOTHING, candidates: this.#optionCandidates() };
    const subs = this.#operands > 0 ? [] : subcommands(this.#command);
    if (subs.length > 0) return { ...NOTHING, candidates: subs.map(commandCandidate) };
    const last = this.#command.registeredArguments.at(-1);
    const argument = this.#command.registeredArguments[this.#operands] ?? (last?.variadic ? last : undefined);
    if (argument === undefined) return NOTHING;
    if (!isHelp(this.#command)) return choicesOf(argument);
    return { ...NOTHING, candidates: subcommands(this.#parent).map(commandCandidate) };
  }

  #optionCandidates(): readonly Candidate[] {
    return this.#options().flatMap(({ long, short, description }) => {
      const word = long ?? short;
      return word === undefined ? [] : [{ word, description }];
    });
  }

  #option(name: string): Option | undefined {
    return this.#options().find(({ long, short }) => name === long || name === short);
  }

  /** Options of the command and of those around it, which take theirs anywhere. */
  #options(): readonly Option[] {
    const help = this.#command.createHelp();
    return [...help.visibleOptions(this.#command), ...ancestors(this.#command).flatMap(({ options }) => options)]
      .filter(({ hidden }) => !hidden);
  }
}

/**
 * Splits off the word at the cursor. A value behind a `=` becomes a word of its own: bash gives `--server=la` as three
 * words and other shells as one, which then is the beginning of what they want to hear.
 */
function splitWords(words: readonly string[]): {
  readonly earlier: readonly string[];
  readonly current: string;
  readonly prefix: string;
} {
  const earlier = [...words];
  const last = earlier.pop() ?? "";
  if (last === "=") return { earlier, current: "", prefix: "" };
  if (earlier.at(-1) === "=") return { earlier: earlier.slice(0, -1), current: last, prefix: "" };
  const [, option = "", value = ""] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
  if (option === "") return { earlier, current: last, prefix: "" };
  return { earlier: [...earlier, option], current: value, prefix: `${option}=` };
}

function choicesOf(asked: Option | Argument): Choice {
  if (asked.argChoices !== undefined) {
    return { ...NOTHING, candidates: asked.argChoices.map((word) => ({ word, description: "" })) };
  }
  const name = "flags" in asked ? /[<[]([\w-]+)/.exec(asked.flags)?.[1] : asked.name();
  if ("flags" in asked && asked.long === "--server" || name === "server") return { ...NOTHING, names: "servers" };
  // A deploy may be named by its service; `--scope` begins with one.
  if (name === "service" || name === "services" || name === "deploy") return { ...NOTHING, names: "services" };
  const isPath = name === "dockerfile" || name === "file" || name === "folder" ||
    name === "public-key";
  return isPath ? { ...NOTHING, names: "files" } : NOTHING;
}

function subcommands(command: CommandUnknownOpts | undefined): readonly CommandUnknownOpts[] {
  return command === undefined ? [] : command.createHelp().visibleCommands(command);
}

function ancestors({ parent }: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return parent === null ? [] : [parent, ...ancestors(parent)];
}

function goesBy(command: CommandUnknownOpts, word: string): boolean {
  return command.name() === word || command.aliases().includes(word);
}

/** commander's own `help [command]`. */
function isHelp(command: CommandUnknownOpts): boolean {
  return command.name() === "help" && command.registeredArguments[0]?.name() === "command";
}

function commandCandidate(command: CommandUnknownOpts): Candidate {
  return { word: command.name(), description: command.summary() || command.description() };
}
