/** The IPv6 addresses of this machine by which the internet can reach it; none where there is no IPv6. */
export async function globalIpv6Addresses(): Promise<readonly string[]> {
  try {
    return globalAddresses(await Deno.readTextFile("/proc/net/if_inet6"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * The global unicast addresses (2000::/3, RFC 4291) in `/proc/net/if_inet6`: 32 hex digits, then in hex the number of the
 * interface, the prefix, the scope and flags, then the interface's name. Those that are not in use (any more) are left out.
 */
export function globalAddresses(table: string): readonly string[] {
  const [IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE] = [0x08, 0x20, 0x40];
  return table.split("\n").flatMap((line) => {
    const [address = "", , , , flags = "0"] = line.trim().split(/\s+/);
    const unused = parseInt(flags, 16) & (IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_TENTATIVE);
    if (!/^[23][0-9a-f]{31}$/.test(address) || unused !== 0) return [];
    // The URL parser writes IPv6 the short way (RFC 5952).
    return [new URL(`http://[${address.match(/.{4}/g)?.join(":")}]`).hostname.slice(1, -1)];
  });
}
