import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface UpgradeCommandRequest {
  /** URL of a folder of releases, or a program on this machine. */
  readonly from: string | undefined;
  /** A version; undefined: the newest. */
  readonly to: string | undefined;
  /** Only tell what there is. */
  readonly check: boolean;
}

/** Defines `mypaas upgrade`; `run` does the work. `--version` belongs to the whole program, so the flag is `--to`. */
export function upgradeCommand(run: Run<UpgradeCommandRequest>): CommandUnknownOpts {
  return new Command("upgrade")
    .description("Replace mypaas by the newest version. On a server its daemon and receiver follow; services run on.")
    .option("--from <place>", "URL of the releases, or a program on this machine (where it was installed from)")
    .option("--to <version>", "this version (the newest)")
    .option("--check", "only tell which version there is", false)
    .action(({ from, to, check }) => run({ from, to, check }));
}

/** Defines `mypaas check-state`, by which `upgrade` asks a program whether it can take this server over. */
export function checkStateCommand(run: Run<Record<never, never>>): CommandUnknownOpts {
  return new Command("check-state")
    .description("Tell whether this version can read the settings and the state of this server.")
    .action(() => run({}));
}
