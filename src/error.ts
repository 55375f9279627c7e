/**
 * How a command ends, as a process exit code. The names are used in reports and on the wire.
 */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  auth: 3,
  build: 4,
  notReady: 5,
  bug: 70,
} as const;

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** What kind of expected failure it was; each has an exit code of its own. */
export type FailureKind = "failed" | "usage" | "auth" | "build" | "notReady";

export interface MyPaasErrorOptions extends ErrorOptions {
  /** One sentence telling the user what to try next. */
  readonly hint?: string | undefined;
  /** Lines that help to see the cause, such as the end of a container's log; oldest first. */
  readonly details?: readonly string[] | undefined;
  /** The other side said what is not known here, or not understood: it may be of another version. */
  readonly skew?: boolean | undefined;
}

/**
 * A failure the user can read and act on. Any other error is our bug.
 *
 * The message is one sentence without a final period: what could not be done, the value, what is allowed.
 */
export class MyPaasError extends Error {
  override readonly name: string = "MyPaasError";
  readonly kind: FailureKind = "failed";
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly skew: boolean;

  constructor(message: string, options: MyPaasErrorOptions = {}) {
    super(message, options);
    this.hint = options.hint;
    this.details = options.details ?? [];
    this.skew = options.skew ?? false;
  }
}

/** A hint with a sentence behind it, which may be all there is. The hint may lack its period. */
export function hintWith(hint: string | undefined, sentence: string): string {
  return hint === undefined ? sentence : `${hint.replace(/\.?$/, ".")} ${sentence}`;
}

/** Bad input: a flag, an option of the Dockerfile, a name. */
export class UsageError extends MyPaasError {
  override readonly name = "UsageError";
  override readonly kind = "usage";
}

/** Who asks is unknown, or may not do this. */
export class AuthError extends MyPaasError {
  override readonly name = "AuthError";
  override readonly kind = "auth";
}

/** The image could not be built. */
export class BuildError extends MyPaasError {
  override readonly name = "BuildError";
  override readonly kind = "build";
}

/** The new release did not become ready, or was rolled back. The old one serves. */
export class NotReadyError extends MyPaasError {
  override readonly name = "NotReadyError";
  override readonly kind = "notReady";
}

/** A connection was there, and broke off. */
export class CutOffError extends MyPaasError {
  override readonly name = "CutOffError";
}

/** Something could not be written, and what was there before is there still. */
export class NotWrittenError extends MyPaasError {
  override readonly name: string = "NotWrittenError";
}

/** All was done but one thing that could not be written and is needed by nobody yet. */
export class LeftOverError extends NotWrittenError {
  override readonly name = "LeftOverError";
}

/** What was thrown, in one sentence: a message, or whatever it is as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the error of a kind; the inverse of reading `kind`, `message`, `hint` and `details` off one. */
export function errorOfKind(kind: FailureKind, message: string, options: MyPaasErrorOptions = {}): MyPaasError {
  switch (kind) {
    case "usage":
      return new UsageError(message, options);
    case "auth":
      return new AuthError(message, options);
    case "build":
      return new BuildError(message, options);
    case "notReady":
      return new NotReadyError(message, options);
    case "failed":
      return new MyPaasError(message, options);
  }
}

/** What was thrown, with where, for the log of whoever mends it. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
