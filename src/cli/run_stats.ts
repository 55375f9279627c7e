import { LoadHistory } from "../client/load_history.ts";
import { loadTable } from "../client/load_table.ts";
import { parseStats } from "../wire/stats.ts";
import { ticks } from "../wait.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { StatsCommandRequest } from "./stats.ts";
import { watchFrames } from "./watch.ts";

/** Shows what the services of a server use and serve; with `--watch` until the program is interrupted. */
export async function runStats(request: StatsCommandRequest, context: CliContext): Promise<void> {
  const { services, server, watch, intervalMs } = request;
  const path = `/v1/stats?${new URLSearchParams(services.map((service) => ["service", service]))}`;
  const history = new LoadHistory();
  const connection = await connect(server, context);
  const look = async (signal?: AbortSignal) => {
    history.add(await connection.json("GET", path, { parse: parseStats, signal }));
  };
  const lines = (columns?: number) =>
    context.json ? history.loads.map((load) => JSON.stringify(load)) : loadTable(history, columns);
  try {
    if (watch) {
      await watchFrames(async ({ signal, columns }) => {
        await look(signal);
        // A first sample has no rates yet: only a person wants to see it, at once.
        return columns !== undefined || history.length > 1 ? lines(columns) : [];
      }, { intervalMs, context });
      return;
    }
    for await (const beat of ticks(intervalMs, new AbortController().signal)) {
      await look();
      if (beat > 0) break;
    }
    for (const line of lines()) context.terminal.out(line);
  } finally {
    connection.close();
  }
}
