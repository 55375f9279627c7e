import { stdioStreams } from "../host/process.ts";
import { relay } from "../host/relay.ts";
import { serverLayout } from "../setup/layout.ts";
import { clientAddress, isUserName } from "../wire/caller.ts";
import type { CliContext } from "./context.ts";
import type { RelayCommandRequest } from "./relay.ts";

/** Relays until the ssh at the other end goes. */
export async function runRelay({ client }: RelayCommandRequest, { root, env }: CliContext): Promise<void> {
  const name = env("SUDO_USER") ?? env("USER") ?? "root";
  await relay({
    ...stdioStreams(),
    daemonSocket: serverLayout(root).daemonSocket,
    user: isUserName(name) ? name : "unknown",
    address: clientAddress(client),
  });
}
