import { isIpv4 } from "../service/ipv4.ts";
import { isDomain, isSitePath } from "../service/option_values.ts";

/** The addresses that a host name leads to from here; none when it is not found. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** A site whose domain does not lead to its server from here, and how to see it all the same. */
export interface UnledSite {
  readonly url: string;
  readonly domain: string;
  /** Where the domain leads to now. */
  readonly leadsTo: readonly string[];
  /** The server's address: what a DNS record would have. */
  readonly address: string;
  /** A command line that shows the page. */
  readonly command: string;
}

export interface FirstPageOptions {
  /** How the server is reached: a domain or an address. */
  readonly server: string;
  /** Whether the server is this machine, to which loopback addresses lead as well. */
  readonly here: boolean;
  readonly lookup: Lookup;
}

/**
 * Finds the sites of a service whose domains do not lead to its server from here, such as before their DNS records are
 * made: one for each domain. None when the server's own address is not known either.
 *
 * @param urls public addresses of the service, as the server told them
 */
export async function unledSites(
  urls: readonly string[],
  { server, here, lookup }: FirstPageOptions,
): Promise<readonly UnledSite[]> {
  const addresses = await lookup(server);
  const address = addresses.find(isIpv4);
  if (address === undefined) return [];
  const own = new Set(here ? [...addresses, "127.0.0.1", "::1"] : addresses);
  const sites = urls.flatMap(readUrl);
  const firsts = sites.filter(({ hostname }, i) => sites.findIndex((other) => other.hostname === hostname) === i);
  const found = firsts.map(async (url): Promise<readonly UnledSite[]> => {
    const domain = url.hostname;
    const leadsTo = await lookup(domain);
    if (leadsTo.some((one) => own.has(one))) return [];
    return [{ url: url.href, domain, leadsTo, address, command: curlLine(url, address) }];
  });
  return (await Promise.all(found)).flat();
}

/** The lines that tell of such sites. */
export function renderUnledSites(sites: readonly UnledSite[]): readonly string[] {
  return sites.flatMap(({ domain, leadsTo, address, url, command }) => [
    leadsTo.length === 0
      ? `${domain} has no address yet: its DNS record should lead to ${address}. Until then:`
      : `${domain} leads to ${leadsTo.join(", ")}, not to this server (${address}). Until it does:`,
    `  ${command}`,
    ...(url.startsWith("https:")
      ? ["  (-k because no authority signs a certificate for a domain that does not lead here)"]
      : []),
  ]);
}

/** Only what a site can be: the line will be pasted into a shell. */
function readUrl(text: string): readonly URL[] {
  const url = URL.parse(text);
  const good = url !== null && ["http:", "https:"].includes(url.protocol) && isDomain(url.hostname) &&
    (url.pathname === "/" || isSitePath(url.pathname)) && url.search === "" && url.hash === "" && url.username === "";
  return good ? [url] : [];
}

function curlLine({ protocol, hostname, port, href }: URL, address: string): string {
  const usual = protocol === "https:" ? "443" : "80";
  return `curl ${protocol === "https:" ? "-k " : ""}--resolve ${hostname}:${port || usual}:${address} ${href}`;
}
