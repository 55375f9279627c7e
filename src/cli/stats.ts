import { Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export interface StatsCommandRequest {
  /** None: all. */
  readonly services: readonly string[];
  readonly server: string | undefined;
  readonly watch: boolean;
  readonly intervalMs: number;
}

/** Defines `mypaas stats`; `run` does the work. */
export function statsCommand(run: Run<StatsCommandRequest>): CommandUnknownOpts {
  return new Command("stats")
    .description("Show what services use and serve: CPU, memory, requests, errors.")
    .argument("[service...]", "only these")
    .option("--watch", "go on, with sparklines, until interrupted", false)
    .option("--interval <time>", "what rates are taken over: 500ms, 10s, 1m (1s; with --watch 2s)", interval)
    .option("--server <name>", "act on this server, from anywhere")
    .action((services, { watch, interval = watch ? 2000 : 1000, server }) =>
      run({ services, watch, intervalMs: interval, server })
    );
}

/** In milliseconds. */
function interval(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,5})(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(digits) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN);
  if (ms >= 200 && ms <= 3_600_000) return ms;
  throw new InvalidArgumentError("It takes a time from 200ms to 60m, such as 2s.");
}
