import { servicesTable } from "../client/tables.ts";
import { parseServices } from "../wire/answer_schemas.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { PsCommandRequest } from "./ps.ts";

/** Shows the services of a server. */
export async function runPs({ server }: PsCommandRequest, context: CliContext): Promise<void> {
  const connection = await connect(server, context);
  try {
    const services = await connection.json("GET", "/v1/services", { parse: parseServices });
    const lines = context.json ? services.map((service) => JSON.stringify(service)) : servicesTable(services);
    for (const line of lines) context.terminal.out(line);
  } finally {
    connection.close();
  }
}
