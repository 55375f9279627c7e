import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";
import type { DeployCommandRequest } from "./deploy.ts";

export interface PushCommandRequest extends DeployCommandRequest {
  /** Undefined: the one of MYPAAS_SERVER. */
  readonly server: string | undefined;
  /** Whether this server is to have it beside those that it was pushed to before. */
  readonly also: boolean;
}

/** Defines `mypaas push`; `run` does the work. */
export function pushCommand(run: Run<PushCommandRequest>): CommandUnknownOpts {
  return new Command("push")
    .description("Send a Dockerfile and the files of its folder to a server, and roll it out there.")
    .argument("[server]", "name given at login; without one MYPAAS_SERVER has it")
    .argument("[dockerfile]", "Dockerfile, or a folder that has one", "Dockerfile")
    .option("-f, --force", "build and roll out although nothing changed", false)
    .option("-n, --dry-run", "tell what would be done, and change nothing", false)
    .option("-w, --wait", "wait for the first minute, in which the server takes back what keeps ending", false)
    .option("-q, --quiet", "print nothing but the addresses of the service", false)
    .option("--also", "push it here as well, although it was pushed to another server before", false)
    .action((server, dockerfile, options) => run({ server, dockerfile, ...options }));
}
