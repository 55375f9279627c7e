import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface PlanCommandRequest {
  /** A Dockerfile, or a folder that has one. */
  readonly dockerfile: string;
  readonly server: string | undefined;
}

/** Defines `mypaas plan`; `run` does the work. */
export function planCommand(run: Run<PlanCommandRequest>): CommandUnknownOpts {
  return new Command("plan")
    .description("Tell what a deploy would do, and change nothing.")
    .argument("[dockerfile]", "Dockerfile, or a folder that has one", "Dockerfile")
    .option("--server <name>", "act on this server, from anywhere")
    .action((dockerfile, { server }) => run({ dockerfile, server }));
}
