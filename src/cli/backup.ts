import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface BackupCommandRequest {
  /** `-`: standard output. */
  readonly file: string;
  /** `-`: standard input. */
  readonly passphraseFile: string | undefined;
}

/** Defines `mypaas backup`; `run` does the work. */
export function backupCommand(run: Run<BackupCommandRequest>): CommandUnknownOpts {
  return new Command("backup")
    .description("Write state, keys, certificates, images and volumes of this server to one file, with a passphrase.")
    .argument("<file>", "what to write; - is standard output")
    .option("--passphrase-file <file>", "read the passphrase from a file (MYPAAS_PASSPHRASE); - is standard input")
    .action((file, { passphraseFile }) => run({ file, passphraseFile }));
}
