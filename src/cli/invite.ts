import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Role } from "../wire/role.ts";
import type { Run } from "./context.ts";
import { ROLE, SCOPE, scopeNames } from "./keys.ts";

export interface InviteCommandRequest {
  readonly server: string | undefined;
  readonly name: string;
  readonly role: Role;
  /** Names of services, or `*`. */
  readonly scope: readonly string[];
}

/** Defines `mypaas invite`; `run` does the work. */
export function inviteCommand(run: Run<InviteCommandRequest>): CommandUnknownOpts {
  return new Command("invite")
    .description("Make a one-time line by which another machine can log in. It ends after 15 minutes.")
    .requiredOption("--name <name>", "who gets it; shown in history and audit")
    .addOption(ROLE)
    .option(...SCOPE)
    .option("--server <name>", "act on this server, from anywhere")
    .action(({ name, role, scope, server }) => run({ name, role, scope: scopeNames(scope), server }));
}
