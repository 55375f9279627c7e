import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface LoginCommandRequest {
  readonly server: string;
  /** An invite's line, or a URL of ssh. */
  readonly invite: string;
  /** The key to register: a path, or `agent[:WHICH]`; undefined: this machine's own. */
  readonly key: string | undefined;
}

/** Defines `mypaas login`; `run` does the work. */
export function loginCommand(run: Run<LoginCommandRequest>): CommandUnknownOpts {
  return new Command("login")
    .description("Register this machine's key with a server by an invite, or remember a server that ssh reaches.")
    .argument("<server>", "the name you will call the server by")
    .argument("<invite>", "the line that init or invite printed, URL#..., or ssh://[user@]host[:port]")
    .option("--key <file>", "a key of OpenSSH instead of our own: its file, or agent[:FINGERPRINT]")
    .action((server, invite, { key }) => run({ server, invite, key }));
}
