import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface UninstallCommandRequest {
  readonly data: boolean;
}

/** Defines `mypaas uninstall`; `run` does the work. */
export function uninstallCommand(run: Run<UninstallCommandRequest>): CommandUnknownOpts {
  return new Command("uninstall")
    .description("Take the server away: daemon, receiver, Traefik, every service. State and volumes stay.")
    .option("--data", "remove state, settings and volumes as well: nothing of it comes back", false)
    .action(({ data }) => run({ data }));
}
