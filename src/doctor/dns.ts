import { isIpv4 } from "../service/ipv4.ts";
import { fault, type Finding, listed } from "./finding.ts";

/** A domain that should lead here. */
export interface DomainFacts {
  readonly domain: string;
  /** Undefined: the server's own. */
  readonly service: string | undefined;
  readonly https: boolean;
  /** Its addresses, IPv4 and IPv6; none: it is not found. */
  readonly leadsTo: readonly string[];
  /** Those of others that send requests on to this server, as a CDN does. */
  readonly sentOn?: readonly string[];
}

export interface DnsFacts {
  readonly domains: readonly DomainFacts[];
  /** The addresses by which this machine is reached; the first is told to people. */
  readonly own: readonly string[];
  /** Whether Docker publishes ports on IPv6. */
  readonly servesIpv6: boolean;
}

/** Judges where each domain leads, by both kinds of address: an authority that signs certificates prefers IPv6. */
export function checkDns({ domains, own, servesIpv6 }: DnsFacts): readonly Finding[] {
  const known = new Set(own);
  const here = own.find(isIpv4) ?? own[0] ?? "its address";
  return domains.flatMap(({ domain, service, https, leadsTo, sentOn = [] }): readonly Finding[] => {
    const isOwn = (address: string) =>
      known.has(address) || sentOn.includes(address) || address === "::1" || address.startsWith("127.");
    const whose = service === undefined ? "the server's domain" : `a domain of "${service}"`;
    const record = (type: string, address: string) => `Where its DNS is kept, set: ${domain}. ${type} ${address}`;
    if (leadsTo.length === 0) {
      return [fault(`${domain}, ${whose}, leads nowhere: it has no address`, record("A", here))];
    }
    const v4 = leadsTo.filter((address) => isIpv4(address) && !isOwn(address));
    const v6 = leadsTo.filter((address) => !isIpv4(address) && !isOwn(address));
    const findings: Finding[] = [];
    if (v4.length > 0) {
      const message = `${domain}, ${whose}, leads to ${listed(v4)}, not to this server (${here})`;
      findings.push(fault(message, record("A", here)));
    }
    const why = https ? ", and authorities that sign certificates" : "";
    if (v6.length > 0) {
      const message = `${domain}, ${whose}, leads visitors with IPv6${why} to ${listed(v6)}, not to this server`;
      const own6 = own.find((address) => !isIpv4(address));
      const fix = servesIpv6 && own6 !== undefined
        ? record("AAAA", own6)
        : `Where its DNS is kept, remove the AAAA record of ${domain}`;
      findings.push(fault(message, fix));
    } else if (!servesIpv6 && leadsTo.some((address) => !isIpv4(address) && known.has(address) && address !== "::1")) {
      findings.push(
        fault(
          `${domain}, ${whose}, leads visitors with IPv6${why} here, where Docker publishes ports on IPv4 only`,
          `Where its DNS is kept, remove the AAAA record of ${domain}`,
        ),
      );
    }
    return findings;
  });
}
