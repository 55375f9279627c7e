import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface RestoreCommandRequest {
  /** `-`: standard input. */
  readonly file: string;
  /** `-`: standard input. */
  readonly passphraseFile: string | undefined;
  /** Looks at the file and changes nothing. */
  readonly check: boolean;
  /** What differs on this machine. */
  readonly flags: {
    readonly address?: string;
    readonly httpPort?: string;
    readonly httpsPort?: string;
    readonly supervisor?: string;
  };
}

/** Defines `mypaas restore`; `run` does the work. */
export function restoreCommand(run: Run<RestoreCommandRequest>): CommandUnknownOpts {
  return new Command("restore")
    .description("Make this machine the server of a backup. It takes the place of mypaas init.")
    .argument("<file>", "what mypaas backup wrote; - is standard input")
    .option("--passphrase-file <file>", "read the passphrase from a file (MYPAAS_PASSPHRASE); - is standard input")
    .option("--check", "only see that the file is whole and the passphrase right", false)
    .option("--address <address>", "how laptops reach it without a domain (as before, or the machine's address)")
    .option("--http-port <port>", "where Traefik takes http (as before)")
    .option("--https-port <port>", "where Traefik takes https (as before)")
    .addOption(
      new Option("--supervisor <kind>", "what keeps the daemon running (as before, where it is there)")
        .choices(["systemd", "docker", "none"] as const),
    )
    .action((file, { passphraseFile, check, ...flags }) => run({ file, passphraseFile, check, flags }));
}
