import { renderLogLine } from "../client/log_lines.ts";
import { parseLogLine } from "../wire/log_lines.ts";
import { UsageError } from "../error.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { LogsCommandRequest } from "./logs.ts";

/** Shows the log of a service; with `--follow` until the program is interrupted. */
export async function runLogs(request: LogsCommandRequest, context: CliContext): Promise<void> {
  const { service, server, follow, tail, since } = request;
  const query = new URLSearchParams();
  if (follow) query.set("follow", "1");
  if (tail !== undefined) query.set("tail", String(tail));
  if (since !== undefined) query.set("since", String(sinceSeconds(since, Date.now())));
  const connection = await connect(server, context);
  try {
    const path = `/v1/services/${encodeURIComponent(service)}/logs?${query}`;
    const lines = await connection.lines("GET", path, { parse: parseLogLine, isLast: ({ kind }) => kind === "end" });
    for await (const line of lines) {
      if (line.kind === "line") context.terminal.out(context.json ? JSON.stringify(line) : renderLogLine(line));
    }
  } finally {
    connection.close();
  }
}

/**
 * Reads `--since`: an age such as `90s`, `10m`, `2h`, `3d`, or a date that begins with the year, such as `2026-11-22`.
 *
 * @param now milliseconds since 1970
 * @returns seconds since 1970, never less than 0
 * @throws {UsageError} for anything else
 */
export function sinceSeconds(text: string, now: number): number {
  const age = /^(\d{1,9})(s|m|h|d)$/.exec(text);
  if (age !== null) {
    const seconds = { s: 1, m: 60, h: 3600, d: 86400 }[age[2] as "s" | "m" | "h" | "d"];
    return Math.max(0, Math.floor(now / 1000) - Number(age[1]) * seconds);
  }
  // Date.parse takes more, such as a mere "10" for a day in 2001.
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(date)) {
    throw new UsageError(`Cannot read --since "${text}": it takes an age such as 10m, 2h or 3d, or a date`, {
      hint: "Such as --since 2026-11-22T10:00:00Z.",
    });
  }
  return Math.max(0, Math.floor(date / 1000));
}
