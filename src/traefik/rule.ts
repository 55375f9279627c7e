import { isIpv4 } from "../service/ipv4.ts";
import { isDomain, isServiceName, isSitePath } from "../service/option_values.ts";
import type { Route } from "./route.ts";

/** The middleware that lets requests wait while no address answers (Traefik's `retry`). */
export interface RetryMiddleware {
  readonly attempts: number;
  readonly initialInterval: string;
  readonly timeout: string;
}

/**
 * Priorities of routers: a service's is multiplied by the length of the path, so that the longest path wins. Traefik's own
 * default, the length of the rule, would let a service with many domains outrank others.
 */
export const Priority = { service: 1_000, server: 1_000_000 } as const;

/** The rule that matches any of the hosts: domains or IPv4 addresses, which cannot break out of the backticks. */
export function hostRule(hosts: readonly string[]): string {
  if (hosts.length === 0) throw new Error("A rule needs a host");
  return hosts.map((host) => {
    if (!isDomain(host) && !isIpv4(host)) throw new Error(`Not a host of a rule: ${JSON.stringify(host)}`);
    return `Host(\`${host}\`)`;
  }).join(" || ");
}

/** The rule for a path of any of the hosts: the path itself and what lies below it, so that `/a` does not match `/ab`. */
export function siteRule(hosts: readonly string[], path: string): string {
  const anyHost = hostRule(hosts);
  if (path === "/") return anyHost;
  if (!isSitePath(path)) throw new Error(`Not a path of a rule: ${JSON.stringify(path)}`);
  return `${hosts.length > 1 ? `(${anyHost})` : anyHost} && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`;
}

/** `http://<address>:<port>` */
export function serverUrl(address: string, port: number): string {
  if (!isIpv4(address)) throw new Error(`Not an IPv4 address: ${JSON.stringify(address)}`);
  return `http://${address}:${checkedPort(port)}`;
}

/** The name of a route's service, router and, with endings, its other parts in Traefik. */
export function routeName({ service }: Pick<Route, "service">): string {
  if (!isServiceName(service)) throw new Error(`Not a service name: ${JSON.stringify(service)}`);
  return service;
}

export function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`Not a port: ${port}`);
  return port;
}

/**
 * Traefik ends a hold at `timeout`, or earlier when the attempts are used up. The pause grows from 200 to 400 ms, give or
 * take a half, so 5 attempts a second last about 1.4 times the hold (measured with Traefik 3.7).
 */
export function retryFor(holdSeconds: number): RetryMiddleware | undefined {
  if (!Number.isFinite(holdSeconds) || holdSeconds < 0) throw new Error(`Not a hold: ${holdSeconds}`);
  if (holdSeconds === 0) return undefined;
  return {
    attempts: Math.max(10, Math.ceil(holdSeconds * 5)),
    initialInterval: "200ms",
    timeout: `${Math.ceil(holdSeconds * 1000)}ms`,
  };
}
