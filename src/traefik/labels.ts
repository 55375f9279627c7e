import type { Route } from "./route.ts";
import { checkedPort, hostRule, Priority, retryFor, routeName } from "./rule.ts";

export interface LabelOptions {
  /** The network on which Traefik reaches the container; needed where the container is on several. */
  readonly network?: string | undefined;
}

/**
 * The standard `traefik.*` labels of a service's containers: a stock Traefik with the Docker provider and the entry points
 * `web` and `websecure` serves the same site. Every replica has the same ones, so that Traefik joins them. What a label
 * cannot say is left out: the addresses, and the times of the connections to them.
 */
export function renderLabels(route: Route, { network }: LabelOptions = {}): Record<string, string> {
  const name = routeName(route);
  const router = `traefik.http.routers.${name}`;
  const hold = `traefik.http.middlewares.${name}-hold.retry`;
  const balancer = `traefik.http.services.${name}.loadbalancer`;
  const rule = hostRule(route.domains);
  const priority = String(Priority.service);
  const retry = retryFor(route.holdSeconds);
  const redirect = `traefik.http.routers.mypaas-redirect-${name}`;
  const https = "traefik.http.middlewares.mypaas-https.redirectscheme";
  return {
    "traefik.enable": "true",
    ...(network !== undefined && { "traefik.docker.network": network }),
    [`${router}.rule`]: rule,
    [`${router}.entrypoints`]: route.https ? "websecure" : "web",
    [`${router}.priority`]: priority,
    [`${router}.service`]: name,
    ...(route.https && {
      [`${router}.tls`]: "true",
      [`${redirect}.rule`]: rule,
      [`${redirect}.entrypoints`]: "web",
      [`${redirect}.priority`]: priority,
      [`${redirect}.service`]: "noop@internal",
      [`${redirect}.middlewares`]: "mypaas-https",
      [`${https}.scheme`]: "https",
      [`${https}.permanent`]: "true",
    }),
    ...(retry && {
      [`${router}.middlewares`]: `${name}-hold`,
      [`${hold}.attempts`]: String(retry.attempts),
      [`${hold}.initialinterval`]: retry.initialInterval,
      [`${hold}.timeout`]: retry.timeout,
    }),
    [`${balancer}.server.port`]: String(checkedPort(route.port)),
    ...(route.addresses.length > 1 && { [`${balancer}.strategy`]: "p2c" }),
  };
}
