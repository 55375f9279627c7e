import { lookup } from "node:dns/promises";
import { within } from "../wait.ts";

/** How long a name server may take. */
const LOOKUP_TIMEOUT_MS = 2000;

/**
 * The addresses that a host name leads to from this machine, its `hosts` file included, IPv4 first; an address is itself.
 * None when the name is not found, or nobody answers in two seconds.
 */
export async function lookupAddresses(host: string): Promise<readonly string[]> {
  // RFC 6761; resolvers of many machines do not know it, curl and browsers do.
  if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1", "::1"];
  try {
    const found = lookup(host, { all: true, order: "ipv4first" });
    const answers = await within(found, { what: `"${host}" is found`, timeoutMs: LOOKUP_TIMEOUT_MS });
    return [...new Set(answers.map(({ address }) => address))];
  } catch {
    return [];
  }
}
