import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface FilesCommandRequest {
  /** A Dockerfile, or a folder that has one. */
  readonly dockerfile: string;
}

/** Defines `mypaas files`; `run` does the work. */
export function filesCommand(run: Run<FilesCommandRequest>): CommandUnknownOpts {
  return new Command("files")
    .description("List the files that a push would send, and ask no server.")
    .argument("[dockerfile]", "Dockerfile, or a folder that has one", "Dockerfile")
    .action((dockerfile) => run({ dockerfile }));
}
