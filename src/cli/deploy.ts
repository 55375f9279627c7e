import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface DeployCommandRequest {
  /** A Dockerfile, or a folder that has one. */
  readonly dockerfile: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Whether to wait until the release is past its first minute. */
  readonly wait: boolean;
  /** Whether to print nothing but the addresses, and errors. */
  readonly quiet: boolean;
}

/** Defines `mypaas deploy`; `run` does the work. */
export function deployCommand(run: Run<DeployCommandRequest>): CommandUnknownOpts {
  return new Command("deploy")
    .description("Build a Dockerfile and roll it out on this server.")
    .argument("[dockerfile]", "Dockerfile, or a folder that has one", "Dockerfile")
    .option("-f, --force", "build and roll out although nothing changed", false)
    .option("-n, --dry-run", "tell what would be done, and change nothing", false)
    .option("-w, --wait", "wait for the first minute, in which the server takes back what keeps ending", false)
    .option("-q, --quiet", "print nothing but the addresses of the service", false)
    .action((dockerfile, { force, dryRun, wait, quiet }) => run({ dockerfile, force, dryRun, wait, quiet }));
}
