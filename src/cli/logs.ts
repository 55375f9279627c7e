import { Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface LogsCommandRequest {
  readonly service: string;
  readonly server: string | undefined;
  readonly follow: boolean;
  readonly tail: number | undefined;
  /** `10m`, `2h`, or a date. */
  readonly since: string | undefined;
}

/** Defines `mypaas logs`; `run` does the work. */
export function logsCommand(run: Run<LogsCommandRequest>): CommandUnknownOpts {
  return new Command("logs")
    .description("Show what the replicas of a service print.")
    .argument("<service>")
    .option("-f, --follow", "go on with new lines until interrupted", false)
    .option("--tail <lines>", "only the last lines of each replica", wholeNumber)
    .option("--since <time>", "only lines after this: 10m, 2h, or a date such as 2026-11-22T10:00:00Z")
    .option("--server <name>", "act on this server, from anywhere")
    .action((service, { follow, tail, since, server }) => run({ service, follow, tail, since, server }));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`It takes a whole number, such as 100.`);
  return Number(text);
}
