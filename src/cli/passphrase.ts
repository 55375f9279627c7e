import { UsageError } from "../error.ts";
import { askSecret, pipedSecret, secretFile } from "../host/secret_input.ts";
import type { CliContext } from "./context.ts";
import { absolutePath } from "./paths.ts";

/** No longer one is read. */
const MAX_BYTES = 4096;
const MIN_CHARACTERS = 8;
const VARIABLE = "MYPAAS_PASSPHRASE";

/**
 * The passphrase of a backup: from the file that was named, the environment, or whoever sits at the terminal. Never from
 * the command line, which others see.
 *
 * @param options `isNew`: it is asked for twice, and must not be short; `inputTaken`: the backup comes from standard input
 * @throws {UsageError} when there is none
 */
export async function passphraseOf(
  file: string | undefined,
  { cwd, env, terminal }: Pick<CliContext, "cwd" | "env" | "terminal">,
  { isNew, inputTaken }: { readonly isNew: boolean; readonly inputTaken: boolean },
): Promise<string> {
  const given = await givenPassphrase(file, { cwd, env, inputTaken });
  if (given !== undefined) return checked(given, isNew);
  if (!terminal.isTerminal.stdin || inputTaken) {
    throw new UsageError("Cannot ask for the passphrase: standard input is no terminal", {
      hint: `Give it in the variable ${VARIABLE}, or with --passphrase-file FILE.`,
    });
  }
  const typed = checked(await askSecret("passphrase: "), isNew);
  if (isNew && await askSecret("once more: ") !== typed) {
    throw new UsageError("Cannot use the passphrase: it was typed differently the second time");
  }
  return typed;
}

async function givenPassphrase(
  file: string | undefined,
  { cwd, env, inputTaken }: Pick<CliContext, "cwd" | "env"> & { readonly inputTaken: boolean },
): Promise<string | undefined> {
  if (file === undefined) return env(VARIABLE);
  if (file === "-" && inputTaken) {
    throw new UsageError("Cannot read the passphrase from standard input: the backup comes from there");
  }
  const text = file === "-" ? await pipedSecret(MAX_BYTES) : await secretFile(absolutePath(file, cwd), MAX_BYTES);
  return text.replace(/\r?\n$/, "");
}

function checked(passphrase: string, isNew: boolean): string {
  if (passphrase === "") throw new UsageError("Cannot use the passphrase: it is empty");
  if (isNew && [...passphrase].length < MIN_CHARACTERS) {
    throw new UsageError(`Cannot use the passphrase: it is shorter than ${MIN_CHARACTERS} characters`, {
      hint: "It is all that keeps the secrets in the backup: take a long one, such as five random words.",
    });
  }
  return passphrase;
}
