/**
 * - `fault`: something does not work, or is open to others; the command fails
 * - `warning`: it will soon, or does for some
 * - `advice`: a setting that makes the server better; nothing is wrong
 * - `unknown`: a check could not be made, or sees only a part
 */
export type Level = "fault" | "warning" | "advice" | "unknown";

/** What a check has to say: one sentence, and the command that mends it. */
export interface Finding {
  readonly level: Level;
  readonly message: string;
  /** A command line, or where none does it, what to do. */
  readonly fix?: string | undefined;
}

/** A finding and the check that it is of, such as `disk`. */
export interface CheckFinding extends Finding {
  readonly check: string;
}

export function fault(message: string, fix?: string): Finding {
  return { level: "fault", message, fix };
}

export function warning(message: string, fix?: string): Finding {
  return { level: "warning", message, fix };
}

export function advice(message: string, fix?: string): Finding {
  return { level: "advice", message, fix };
}

export function unknown(message: string, fix?: string): Finding {
  return { level: "unknown", message, fix };
}

/** `this 1, that 2 and that 3`, for a sentence. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
