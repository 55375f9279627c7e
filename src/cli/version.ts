import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface VersionCommandRequest {
  readonly server: string | undefined;
}

/** Defines `mypaas version`; `run` does the work. */
export function versionCommand(run: Run<VersionCommandRequest>): CommandUnknownOpts {
  return new Command("version")
    .description("Show the version of mypaas, here and on a server.")
    .option("--server <name>", "show the version of this server too")
    .action(({ server }) => run({ server }));
}
