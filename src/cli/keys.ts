import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export type KeysCommandRequest =
  | { readonly action: "list"; readonly server: string | undefined }
  | { readonly action: "revoke"; readonly server: string | undefined; readonly key: string };

/** Defines `mypaas keys list|revoke`; `run` does the work. */
export function keysCommand(run: Run<KeysCommandRequest>): CommandUnknownOpts {
  const list = new Command("list")
    .description("Show who may use this server.")
    .option("--server <name>", "act on this server, from anywhere")
    .action(({ server }) => run({ action: "list", server }));
  const revoke = new Command("revoke")
    .description("Take a key's rights away, at once.")
    .argument("<key>", "its id, as `keys list` shows it")
    .option("--server <name>", "act on this server, from anywhere")
    .action((key, { server }) => run({ action: "revoke", server, key }));
  const keys = new Command("keys").description("Show and revoke the keys that may use this server.");
  for (const command of [list, revoke]) keys.addCommand(command);
  return keys;
}
