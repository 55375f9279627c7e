import { askKeepList } from "../receiver/keep_list.ts";
import { RECEIVER_LIMITS, receiverHandler } from "../receiver/receiver_handler.ts";
import { UPLOAD_LIMITS } from "../receiver/upload_handler.ts";
import { dropPermissions, untilStopped } from "../host/process.ts";
import { serveTcp } from "../host/serve_tcp.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { parseServiceName } from "../service/option_values.ts";
import type { CliContext } from "./context.ts";
import type { ReceiverCommandRequest } from "./receiver.ts";
import { storedBlobs } from "./stored_blobs.ts";

/** Runs the receiver until it is stopped. */
export async function runReceiver(request: ReceiverCommandRequest, { version, terminal }: CliContext): Promise<void> {
  // Nothing here runs programs, loads libraries or reads the environment. How full the disk is needs "sys".
  await dropPermissions(["run", "ffi", "env"]);
  const gate = unixTransport(request.gate);
  const { uploads } = storedBlobs(request.spool, {
    spoolBytes: request.spoolSize,
    quotas: request,
    // What is no service's is nobody's.
    kept: async (service, scope) =>
      "value" in parseServiceName(service) ? await askKeepList(gate, service, scope) : new Set(),
    log: (line) => terminal.err(line),
  });
  const handler = receiverHandler({
    gate,
    uploads,
    putBytes: UPLOAD_LIMITS.putBytes,
    serverId: request.serverId,
    version,
    now: () => new Date(),
    limits: RECEIVER_LIMITS,
  });
  const server = serveTcp({ hostname: "0.0.0.0", port: request.port }, handler);
  await untilStopped();
  await server.close();
}
