import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

/** Defines `mypaas daemon`; `run` does the work. */
export function daemonCommand(run: Run<Record<never, never>>): CommandUnknownOpts {
  return new Command("daemon")
    .description("Perform deploys and keep the services as they should be. Started by init.")
    .action(() => run({}));
}
