import { isIpv4 } from "../service/ipv4.ts";
import { within } from "../wait.ts";

/** How long a name server may take. */
const LOOKUP_TIMEOUT_MS = 2000;

/**
 * The addresses that a host name leads to from this machine, its `hosts` file included, IPv4 first; an address is itself.
 * None when the name is not found, or nobody answers in two seconds.
 */
export async function lookupAddresses(host: string): Promise<readonly string[]> {
  if (isIpv4(host) || host.includes(":")) return [host];
  // RFC 6761; resolvers of many machines do not know it, curl and browsers do.
  if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1", "::1"];
  const found = await Promise.all([records(host, "A"), records(host, "AAAA")]);
  return found.flat();
}

async function records(host: string, type: "A" | "AAAA"): Promise<readonly string[]> {
  try {
    return await within(Deno.resolveDns(host, type), { what: `"${host}" is found`, timeoutMs: LOOKUP_TIMEOUT_MS });
  } catch {
    return [];
  }
}
