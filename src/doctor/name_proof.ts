import { parse } from "@std/yaml";
import { isIpv4 } from "../service/ipv4.ts";
import { field } from "./yaml_field.ts";

/** What only this server's Traefik answers, under every name: a header at a path. */
export interface RoutedProof {
  readonly path: string;
  readonly header: string;
  readonly token: string;
}

/** Reads the proof out of the route file; undefined when there is none in it. */
export function routedProof(routes: string): RoutedProof | undefined {
  try {
    const http = field(parse(routes), "http");
    const rule = String(field(field(field(http, "routers"), PROOF), "rule"));
    const headers = field(field(field(field(http, "middlewares"), PROOF), "headers"), "customResponseHeaders");
    const path = /^Path\(`(\/[\w./-]+)`\)$/.exec(rule)?.[1];
    const [entry] = typeof headers === "object" && headers !== null ? Object.entries(headers) : [];
    return path === undefined || entry === undefined ? undefined : { path, header: entry[0], token: String(entry[1]) };
  } catch {
    return undefined;
  }
}

/** Name of router and middleware. */
const PROOF = "mypaas-proof";

/**
 * Whether an address may be asked for the proof: one of the internet. Whoever may deploy chooses a domain, and with it an
 * address, which must not be one inside of the provider's network.
 */
export function mayBeAsked(address: string): boolean {
  if (!isIpv4(address)) return /^[23]/.test(address);
  return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|2[2-5]\d)\./.test(
    address,
  );
}
