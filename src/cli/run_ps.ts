import { servicesTable } from "../client/tables.ts";
import { parseServices } from "../wire/answer_schemas.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { PsCommandRequest } from "./ps.ts";
import { watchFrames } from "./watch.ts";

const INTERVAL_MS = 2000;

/** Shows the services of a server; with `--watch` until the program is interrupted. */
export async function runPs({ server, watch }: PsCommandRequest, context: CliContext): Promise<void> {
  const connection = await connect(server, context);
  const look = async (signal?: AbortSignal) => {
    const services = await connection.json("GET", "/v1/services", { parse: parseServices, signal });
    return context.json ? services.map((service) => JSON.stringify(service)) : servicesTable(services);
  };
  try {
    if (watch) await watchFrames(({ signal }) => look(signal), { intervalMs: INTERVAL_MS, context });
    else for (const line of await look()) context.terminal.out(line);
  } finally {
    connection.close();
  }
}
