import type { ServerFacts } from "../setup/server_files.ts";
import { globalIpv6Addresses } from "./ipv6_addresses.ts";
import { machineAddress } from "./machine_address.ts";
import { portOwner } from "./port_owner.ts";
import { receiverImageTar } from "./self_files.ts";
import { systemdRuns } from "./systemd.ts";

/** What `init` asks about this machine. */
export async function serverFacts(): Promise<ServerFacts> {
  return {
    isRoot: Deno.uid() === 0,
    hasSystemd: await systemdRuns(),
    address: machineAddress,
    globalIpv6: globalIpv6Addresses,
    portOwner,
    program: Deno.build.standalone ? Deno.execPath() : undefined,
    receiverImage: receiverImageTar,
  };
}
