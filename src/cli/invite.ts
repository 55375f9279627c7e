import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Role } from "../wire/requests.ts";
import type { Run } from "./context.ts";

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
    .addOption(
      new Option("--role <role>", "what its key may do").choices(["deploy", "admin"] as const).default(
        "deploy" as const,
      ),
    )
    .option("--scope <services>", "services it may touch, separated by commas; * for all", "*")
    .option("--server <name>", "act on this server, from anywhere")
    .action(({ name, role, scope, server }) =>
      run({ name, role, scope: scope.split(",").map((part) => part.trim()), server })
    );
}
