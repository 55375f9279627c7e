import { UsageError } from "../error.ts";
import { type Dockerfile, type OptionLine, quoted } from "./dockerfile.ts";
import { nearestName } from "./nearest_name.ts";
import { findDifference } from "./old_dialect.ts";
import type { Parsed } from "./option_values.ts";
import { allOptions, findOption, type Option } from "./options.ts";

/** A value that a Dockerfile gives, and the line it stands in. */
export interface Given<T> {
  readonly value: T;
  readonly line: OptionLine;
}

/** The option lines of a Dockerfile, read by the table. */
export class GivenOptions {
  readonly #dockerfile: Dockerfile;

  /** @throws {UsageError} for a name that is no option */
  constructor(dockerfile: Dockerfile) {
    this.#dockerfile = dockerfile;
    const unknown = dockerfile.options.find(({ name }) => findOption(name) === undefined);
    if (unknown) throw unknownOption(dockerfile, unknown);
  }

  one<T>(option: Option<T>): Given<T> | undefined {
    const [first, second] = this.#lines(option);
    if (first && second) {
      throw this.error(second, `it is already set in line ${first.line}, and takes one value only`);
    }
    return first && { value: this.#value(option, first), line: first };
  }

  oneOrDefault<T>(option: Option<T> & { readonly default: string }): T {
    const given = this.one(option);
    if (given !== undefined) return given.value;
    const parsed = option.parse(option.default);
    if ("fault" in parsed) throw new Error(`The default of the option ${option.name} ${parsed.fault}`);
    return parsed.value;
  }

  many<T>(option: Option<T>): readonly Given<T>[] {
    return this.#lines(option).map((line) => ({ value: this.#value(option, line), line }));
  }

  /**
   * Several values in the order of their lines.
   *
   * @param key what must not come twice
   * @throws {UsageError} when it does
   */
  distinct<T>(given: readonly Given<T>[], key: (value: T) => string): readonly T[] {
    const seen = new Map<string, number>();
    return given.toSorted((a, b) => a.line.line - b.line.line).map(({ value, line }) => {
      const earlier = seen.get(key(value));
      if (earlier !== undefined) {
        throw this.error(line, `${quoted(key(value))} is already set in line ${earlier}`);
      }
      seen.set(key(value), line.line);
      return value;
    });
  }

  error(line: OptionLine, reason: string, hint?: string): UsageError {
    return optionError(this.#dockerfile, line, reason, hint);
  }

  #lines(option: Option<unknown>): readonly OptionLine[] {
    return this.#dockerfile.options.filter(({ name }) => findOption(name)?.name === option.name);
  }

  #value<T>(option: Option<T>, line: OptionLine): T {
    const difference = findDifference({ option: option.name, name: line.name, value: line.value });
    if (difference?.fault !== undefined) {
      throw this.error(line, `${quoted(line.value)} ${difference.fault}`, difference.hint);
    }
    const parsed: Parsed<T> = option.parse(withoutQuotes(line.value));
    if ("value" in parsed) return parsed.value;
    throw this.error(line, `${quoted(line.value)} ${parsed.fault}; it takes ${option.takes}`, difference?.hint);
  }
}

/** A value may stand in quotes, as in mypaas 0.5; then the blanks at its ends count. */
function withoutQuotes(value: string): string {
  return /^(["']).*\1$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value;
}

function optionError({ file }: Dockerfile, { name, line }: OptionLine, reason: string, hint?: string): UsageError {
  return new UsageError(`Cannot read option "${name}" in ${file} line ${line}: ${reason}`, { hint });
}

function unknownOption(dockerfile: Dockerfile, line: OptionLine): UsageError {
  const names = allOptions.map(({ name }) => name);
  const near = nearestName(line.name, allOptions.flatMap(({ name, aliases }) => [name, ...aliases]));
  const hint = near === undefined ? undefined : `Write # mypaas.${near} = ${line.value} if that is what you mean`;
  return optionError(dockerfile, line, `there is no such option; there are ${names.join(", ")}`, hint);
}
