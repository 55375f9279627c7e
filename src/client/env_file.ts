import { UsageError } from "../error.ts";
import { isEnvName } from "../service/option_values.ts";
import type { EnvVariable } from "../service/spec.ts";

/**
 * Reads lines `KEY=VALUE` as `docker run --env-file` does: everything after the first `=` is the value; empty lines and
 * those that begin with `#` are left out. Values in quotes, which others read without them, are refused.
 *
 * @param file how messages name it; they never tell what a line holds, which may be a part of a secret
 * @throws {UsageError} naming file and line
 */
export function parseEnvFile(text: string, file: string): readonly EnvVariable[] {
  const lines = new Map<string, number>();
  const variables: EnvVariable[] = [];
  for (const [index, line] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(line) ?? [];
    const cannot = `Cannot read ${file} line ${index + 1}`;
    if (!isEnvName(name)) {
      throw new UsageError(`${cannot}: it is not KEY=VALUE`, {
        hint: "A value of several lines takes: mypaas env set SERVICE KEY --from-file FILE",
      });
    }
    if (/^(["']).*\1$/s.test(value)) {
      throw new UsageError(`${cannot}: the value of "${name}" has quotes around it, which would be a part of it`, {
        hint: "Leave them out, or set it by: mypaas env set SERVICE KEY",
      });
    }
    const earlier = lines.get(name);
    if (earlier !== undefined) throw new UsageError(`${cannot}: "${name}" is already set in line ${earlier}`);
    lines.set(name, index + 1);
    variables.push({ name, value });
  }
  if (variables.length === 0) throw new UsageError(`Cannot set variables: ${file} has no line KEY=VALUE`);
  return variables;
}
