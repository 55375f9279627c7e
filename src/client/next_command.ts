import { errorOfKind, hintWith, MyPaasError } from "../error.ts";

/**
 * A failure whose cause is in the project, with the command by which its owner tries again; any other as it is.
 *
 * @param command such as `mypaas push prod`
 */
export function withNextCommand(error: unknown, command: string): unknown {
  if (!(error instanceof MyPaasError) || (error.kind !== "build" && error.kind !== "notReady")) return error;
  const { kind, message, hint, details } = error;
  return errorOfKind(kind, message, { hint: hintWith(hint, `Then try again: ${command}`), details, cause: error });
}
