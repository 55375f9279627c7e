import { isIpv4 } from "./ipv4.ts";
import type { ServiceSpec } from "./spec.ts";

/** Domains whose name servers answer `<anything>.203-0-113-7.<domain>` with the address that stands in it. */
const WITH_ADDRESS: readonly string[] = ["sslip.io", "nip.io"];
/** What `init --auto-domain` takes without a value. */
export const DEFAULT_AUTO_DOMAIN = "sslip.io";

/**
 * What stands behind the names of services that have no domain of their own: `203-0-113-7.sslip.io`, or a domain that
 * the server's owner gave, of which `*.` leads to the server. With dashes the address is one label, so that a wildcard
 * can stand for all services.
 *
 * @param address how the server is reached
 * @returns undefined when the address has to stand in it and is no IPv4 address
 */
export function autoDomainSuffix(autoDomain: string, address: string): string | undefined {
  if (!WITH_ADDRESS.includes(autoDomain)) return autoDomain;
  return isIpv4(address) ? `${address.replaceAll(".", "-")}.${autoDomain}` : undefined;
}

/**
 * The spec of a service as it is deployed: one without a domain is reached, by http, under its name before the suffix.
 *
 * @param noDomain whether the Dockerfile says `domain = none`
 * @param suffix undefined: the server gives no names
 */
export function withAutoDomain(
  { spec, noDomain }: { readonly spec: ServiceSpec; readonly noDomain: boolean },
  suffix: string | undefined,
): ServiceSpec {
  if (suffix === undefined || noDomain || spec.sites.length > 0) return spec;
  return { ...spec, sites: [{ domain: `${spec.name}.${suffix}`, path: "/", https: false }] };
}

/** The sentence for the owner of a service that has its name from the server; undefined when it has not. */
export function autoDomainNote({ name, sites }: ServiceSpec, suffix: string | undefined): string | undefined {
  const [site] = sites;
  if (suffix === undefined || site?.domain !== `${name}.${suffix}`) return undefined;
  return `The server gives it the name ${site.domain}; if it is no website, say # mypaas.domain = none`;
}
