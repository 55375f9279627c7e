import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface PsCommandRequest {
  readonly server: string | undefined;
  readonly watch: boolean;
}

/** Defines `mypaas ps`; `run` does the work. */
export function psCommand(run: Run<PsCommandRequest>): CommandUnknownOpts {
  return new Command("ps")
    .description("Show the services: release, state, address.")
    .option("--watch", "go on, every 2 s, until interrupted", false)
    .option("--server <name>", "act on this server, from anywhere")
    .action(({ server, watch }) => run({ server, watch }));
}
