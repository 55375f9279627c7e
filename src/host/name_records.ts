import type { NameRecords } from "../daemon/name_check.ts";
import { TimeoutError, within } from "../wait.ts";

/** How long a name server may take. */
const LOOKUP_TIMEOUT_MS = 4000;

/**
 * Asks for the IPv4 and IPv6 addresses of a domain.
 *
 * @param nameServer `address` or `address:port`; undefined: the machine's own
 */
export async function nameRecords(domain: string, nameServer: string | undefined): Promise<NameRecords> {
  const answers = await Promise.all([records(domain, "A", nameServer), records(domain, "AAAA", nameServer)]);
  const addresses = answers.flatMap((answer) => answer ?? []);
  if (addresses.length > 0) return { kind: "addresses", addresses };
  return { kind: answers.includes(undefined) ? "no answer" : "none" };
}

/** None for a name without such a record; undefined when no name server says. */
async function records(
  domain: string,
  type: "A" | "AAAA",
  nameServer: string | undefined,
): Promise<readonly string[] | undefined> {
  const [ipAddr = "", port = "53"] = nameServer?.split(":") ?? [];
  const ended = new AbortController();
  const options = { signal: ended.signal, ...nameServer && { nameServer: { ipAddr, port: Number(port) } } };
  try {
    // The dot: never below a search domain of this machine.
    const found = Deno.resolveDns(`${domain}.`, type, options);
    return await within(found, { what: `"${domain}" is looked up`, timeoutMs: LOOKUP_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof TimeoutError) ended.abort();
    return error instanceof Deno.errors.NotFound ? [] : undefined;
  }
}
