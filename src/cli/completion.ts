import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

/** The shells that can complete `mypaas`. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

export interface CompletionCommandRequest {
  readonly shell: Shell;
}

export interface CompleteCommandRequest {
  /** What follows the program's name; the last word is at the cursor, and may be empty. */
  readonly words: readonly string[];
}

/** Defines `mypaas completion`; `run` does the work. */
export function completionCommand(run: Run<CompletionCommandRequest>): CommandUnknownOpts {
  return new Command("completion")
    .description(
      "Print the script by which a shell completes commands, options, services and servers; it says how to install it.",
    )
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action((shell) => run({ shell }));
}

/** Defines what the scripts of `completion` ask: `mypaas __complete -- WORD...`. */
export function completeCommand(run: Run<CompleteCommandRequest>): CommandUnknownOpts {
  return new Command("__complete").argument("[words...]").action((words) => run({ words }));
}
