import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface DoctorCommandRequest {
  /** A Dockerfile, or a folder that has one; undefined: the one of the current folder, if there is one. */
  readonly dockerfile: string | undefined;
  readonly server: string | undefined;
}

/** Defines `mypaas doctor`; `run` does the work. */
export function doctorCommand(run: Run<DoctorCommandRequest>): CommandUnknownOpts {
  return new Command("doctor")
    .description("Look for what is wrong, with this server, or from a laptop with a project and its way to a server.")
    .argument("[dockerfile]", "of the project: Dockerfile, or a folder that has one")
    .option("--server <name>", "look at the way to this server (on a laptop: to all it is logged in to)")
    .action((dockerfile, { server }) => run({ dockerfile, server }));
}
