import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Role } from "../wire/role.ts";
import type { Run } from "./context.ts";

export type KeysCommandRequest =
  & { readonly server: string | undefined }
  & (
    | { readonly action: "list" }
    | {
      readonly action: "add";
      readonly name: string;
      /** A line of OpenSSH, a file with one, or 32 bytes in base64url. */
      readonly publicKey: string;
      readonly role: Role;
      readonly scope: readonly string[];
    }
    | { readonly action: "revoke"; readonly key: string }
    | { readonly action: "rename"; readonly key: string; readonly name: string }
    /** `key`: the next one, a file or `agent[:WHICH]`; undefined: one is made. */
    | { readonly action: "rotate"; readonly key: string | undefined }
  );

/** Where a command acts, of every command that works on a server. */
const SERVER = ["--server <name>", "act on this server, from anywhere"] as const;

/** What a key may touch, of every command that gives rights. */
export const SCOPE = ["--scope <services>", "services it may touch, separated by commas; * for all", "*"] as const;

/** What a key may do, of every command that gives rights. */
export const ROLE = new Option("--role <role>", "what its key may do").choices(["deploy", "admin"] as const)
  .default("deploy" as const);

/** Defines `mypaas keys list|add|revoke|rename|rotate`; `run` does the work. */
export function keysCommand(run: Run<KeysCommandRequest>): CommandUnknownOpts {
  const list = new Command("list")
    .description("Show who may use this server.")
    .option(...SERVER)
    .action(({ server }) => run({ action: "list", server }));
  const add = new Command("add")
    .description("Let a public key in, without an invite: of CI, or what a colleague's ssh has.")
    .argument("<name>", "who has it; shown in history and audit")
    .argument("<public-key>", "its line, as in id_ed25519.pub, or that file")
    .addOption(ROLE)
    .option(...SCOPE)
    .option(...SERVER)
    .action((name, publicKey, { role, scope, server }) =>
      run({ action: "add", name, publicKey, role, scope: scopeNames(scope), server })
    );
  const revoke = new Command("revoke")
    .description("Take a key's rights away, at once.")
    .argument("<key>", "its name, or its id, as `keys list` shows them")
    .option(...SERVER)
    .action((key, { server }) => run({ action: "revoke", server, key }));
  const rename = new Command("rename")
    .description("Give a key another name.")
    .argument("<key>", "its name, or its id, as `keys list` shows them")
    .argument("<name>", "who has it; shown in history and audit")
    .option(...SERVER)
    .action((key, name, { server }) => run({ action: "rename", server, key, name }));
  const rotate = new Command("rotate")
    .description("Put a new key in place of the one that this machine has at a server; the old one is revoked.")
    .option("--key <file>", "the next key: a file of OpenSSH, or agent[:FINGERPRINT]; one is made otherwise")
    .option(...SERVER)
    .action(({ key, server }) => run({ action: "rotate", key, server }));
  const keys = new Command("keys").description("Show and change the keys that may use this server.");
  for (const command of [list, add, revoke, rename, rotate]) keys.addCommand(command);
  return keys;
}

/** The names in the value of `--scope`. */
export function scopeNames(scope: string): readonly string[] {
  return scope.split(",").map((part) => part.trim());
}
