import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface LoginCommandRequest {
  readonly server: string;
  readonly invite: string;
}

/** Defines `mypaas login`; `run` does the work. */
export function loginCommand(run: Run<LoginCommandRequest>): CommandUnknownOpts {
  return new Command("login")
    .description("Register this machine's key with a server, by an invite.")
    .argument("<server>", "the name you will call the server by")
    .argument("<invite>", "the line that init or invite printed: URL#...")
    .action((server, invite) => run({ server, invite }));
}
