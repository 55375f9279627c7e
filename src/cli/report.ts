import { renderFailure } from "../client/progress.ts";
import { wrapLines } from "../client/progress_screen.ts";
import { errorOfKind, ExitCode, MyPaasError, traceOf } from "../error.ts";
import { UnreadError } from "../host/terminal.ts";

interface ReportOptions {
  readonly json: boolean;
  /** Of the terminal that it is printed on. */
  readonly columns?: number | undefined;
}

/** What a failure prints on standard error, and how the program ends. Pure. */
export function reportError(
  error: unknown,
  { json, columns }: ReportOptions = { json: false },
): { readonly lines: readonly string[]; readonly code: ExitCode } {
  if (error instanceof UnreadError) return { lines: [], code: ExitCode.failed };
  const help = helpCode(error);
  if (help !== undefined) return { lines: [], code: help };
  const known = toMyPaasError(error);
  if (known === undefined) return { lines: bugLines(error), code: ExitCode.bug };
  const { kind, message, hint, details } = known;
  const code = ExitCode[kind];
  if (json) return { lines: [JSON.stringify({ kind: "error", error: { kind, message, hint, details } })], code };
  // Only the sentence: what stands below it may be copied, such as a command.
  const [sentence = "", ...rest] = renderFailure(known);
  return { lines: [...wrapLines([sentence], columns), ...rest], code };
}

/** commander throws when it has shown help: asked for, or because there was no command. */
function helpCode(error: unknown): ExitCode | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("exitCode" in error)) return undefined;
  if (!["commander.help", "commander.helpDisplayed", "commander.version"].includes(String(error.code))) {
    return undefined;
  }
  return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
}

/** commander's own complaints are usage errors; its exit code 1 is not ours. */
function toMyPaasError(error: unknown): MyPaasError | undefined {
  if (error instanceof MyPaasError) return error;
  if (error instanceof Error && "code" in error && String(error.code).startsWith("commander.")) {
    return errorOfKind("usage", sentence(error.message), { hint: "Options and arguments: mypaas help COMMAND." });
  }
  return undefined;
}

function sentence(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\.$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function bugLines(error: unknown): readonly string[] {
  const trace = traceOf(error);
  return [`error: This is a bug of mypaas, please report it`, ...trace.split("\n").map((line) => `  ${line}`)];
}
