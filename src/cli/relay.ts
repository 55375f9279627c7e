import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface RelayCommandRequest {
  /** The address that ssh was used from. */
  readonly client: string | undefined;
}

/** Defines `mypaas relay`, which `ssh://user@host` runs on a server; `run` does the work. */
export function relayCommand(run: Run<RelayCommandRequest>): CommandUnknownOpts {
  return new Command("relay")
    .description("Hand requests from standard input to the daemon of this server.")
    .option("--client <address>", "where ssh was used from")
    .action(({ client }) => run({ client }));
}
