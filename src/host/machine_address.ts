/**
 * The IPv4 address of the default route's interface: what other machines most likely reach this one by.
 *
 * @returns undefined when there is no default route, or its interface has no address
 */
export async function machineAddress(): Promise<string | undefined> {
  const name = defaultInterface(await Deno.readTextFile("/proc/net/route"));
  return Deno.networkInterfaces().find((found) => found.name === name && found.family === "IPv4")?.address;
}

/** The addresses of this machine's interfaces, those of Docker's networks included. */
export function interfaceAddresses(): readonly string[] {
  return Deno.networkInterfaces().map(({ address }) => address);
}

/** The interface with the default route of the lowest metric, out of `/proc/net/route` (proc(5)). */
export function defaultInterface(table: string): string | undefined {
  const RTF_UP = 1;
  return table.split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) =>
      destination === "00000000" && mask === "00000000" && (parseInt(flags ?? "0", 16) & RTF_UP) !== 0
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}
