import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface ReceiverCommandRequest {
  readonly spool: string;
  readonly gate: string;
  readonly port: number;
  readonly serverId: string;
  /** As in the server's settings. */
  readonly maxContext: number;
  readonly maxFiles: number;
  readonly spoolSize: number;
}

/** Defines `mypaas receiver`; `run` does the work. */
export function receiverCommand(run: Run<ReceiverCommandRequest>): CommandUnknownOpts {
  return new Command("receiver")
    .description("Take uploads and hand requests to the daemon. Started by init, in a container.")
    .requiredOption("--spool <folder>", "where uploaded files are kept")
    .requiredOption("--gate <socket>", "the daemon's socket for it")
    .requiredOption("--port <port>", "where it listens", Number)
    .requiredOption("--server-id <id>", "the id that hello tells")
    .requiredOption("--max-context <bytes>", "most bytes of one push", Number)
    .requiredOption("--max-files <count>", "most files of one push", Number)
    .requiredOption("--spool-size <bytes>", "how much all of it may take", Number)
    .action(run);
}
