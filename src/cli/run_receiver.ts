import { RECEIVER_LIMITS, receiverHandler } from "../receiver/receiver_handler.ts";
import { UPLOAD_LIMITS, uploadHandler } from "../receiver/upload_handler.ts";
import { blobFolder } from "../host/blob_store.ts";
import { sha256 } from "../host/hash.ts";
import { dropPermissions, untilStopped } from "../host/process.ts";
import { serveTcp } from "../host/serve_tcp.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { zstdDecompress } from "../host/zstd.ts";
import type { CliContext } from "./context.ts";
import type { ReceiverCommandRequest } from "./receiver.ts";

/** Runs the receiver until it is stopped. */
export async function runReceiver(request: ReceiverCommandRequest, { version }: CliContext): Promise<void> {
  // Nothing here runs programs, loads libraries or reads the environment.
  await dropPermissions(["run", "ffi", "env", "sys"]);
  const uploads = uploadHandler({
    store: blobFolder(request.spool),
    digest: sha256,
    decompress: zstdDecompress,
    limits: UPLOAD_LIMITS,
  });
  const handler = receiverHandler({
    gate: unixTransport(request.gate),
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
