import { Connection } from "../client/connection.ts";
import type { Transport } from "../client/transport.ts";
import type { Hello } from "../doctor/running.ts";
import { messageOf } from "../error.ts";
import { parseHelloAnswer } from "../wire/answer_schemas.ts";

/** Daemon and receiver answer at once, or something is wrong. */
export const ANSWER_TIMEOUT_MS = 3000;

/** Who answers at the other end of a transport, which is closed then. */
export async function daemonHello(transport: Transport): Promise<Hello> {
  using connection = new Connection(transport, { kind: "unsigned" }, () => new Date());
  return await helloOf(() => connection.json("GET", "/v1/hello", { parse: parseHelloAnswer }));
}

/** Who answers, or why nobody does. */
export async function helloOf(
  ask: () => Promise<{ readonly serverId: string; readonly version: string }>,
): Promise<Hello> {
  try {
    const { serverId, version } = await ask();
    return { serverId, version };
  } catch (error) {
    // The sentence that it becomes a part of says already what could not be done.
    return { failure: messageOf(error).replace(/^Cannot .*?: /, "") };
  }
}
