import type { Transport } from "../client/transport.ts";
import { SOCKET_BASE } from "../wire/socket_base.ts";
import { fetchTransport } from "./fetch_transport.ts";

/**
 * The way to the daemon of this machine.
 *
 * @param path of its socket
 */
export function unixTransport(path: string, options: { readonly answerTimeoutMs?: number } = {}): Transport {
  return fetchTransport({
    name: "the daemon",
    base: SOCKET_BASE,
    // Without the 0 a connection from before a restart of the daemon would fail the next request.
    client: Deno.createHttpClient({ proxy: { transport: "unix", path }, poolMaxIdlePerHost: 0 }),
    answerTimeoutMs: options.answerTimeoutMs,
    describe(failure) {
      switch (failure) {
        case "no socket":
          return { problem: `there is no "${path}"`, hint: "Set this machine up with mypaas init, or name a server." };
        case "refused":
          return { problem: "it does not run", hint: "Start it: systemctl start mypaas" };
        case "not permitted":
          return { problem: "only root may", hint: "Run the command as root, or over the network with --server." };
        case "time-out":
          return { problem: "it does not answer", hint: "Look at its log: journalctl -u mypaas" };
        default:
          return { problem: "the connection broke off", hint: "Look at its log: journalctl -u mypaas" };
      }
    },
  });
}
