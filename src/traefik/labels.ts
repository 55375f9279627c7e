import type { Route } from "./route.ts";
import { HSTS_HEADERS, HSTS_MIDDLEWARE, REDIRECT_MIDDLEWARE, type ServiceRouter, serviceRouters } from "./routers.ts";
import { checkedPort, retryFor, routeName } from "./rule.ts";

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
  const retry = retryFor(route.holdSeconds);
  const hold = `${name}-hold`;
  const balancer = `traefik.http.services.${name}.loadbalancer`;
  const routers = serviceRouters(route, retry && hold);
  const uses = (middleware: string) => routers.some(({ middlewares }) => middlewares.includes(middleware));
  return {
    "traefik.enable": "true",
    ...(network !== undefined && { "traefik.docker.network": network }),
    ...Object.assign({}, ...routers.map(routerLabels)),
    ...(uses(REDIRECT_MIDDLEWARE) && middlewareLabels(`${REDIRECT_MIDDLEWARE}.redirectscheme`, {
      scheme: "https",
      permanent: true,
    })),
    ...(uses(HSTS_MIDDLEWARE) && middlewareLabels(`${HSTS_MIDDLEWARE}.headers`, HSTS_HEADERS)),
    ...(retry && middlewareLabels(`${hold}.retry`, retry)),
    [`${balancer}.server.port`]: String(checkedPort(route.port)),
    ...(route.addresses.length > 1 && { [`${balancer}.strategy`]: "p2c" }),
  };
}

function routerLabels(router: ServiceRouter): Record<string, string> {
  const own = `traefik.http.routers.${router.name}`;
  return {
    [`${own}.rule`]: router.rule,
    [`${own}.entrypoints`]: router.entryPoint,
    [`${own}.priority`]: String(router.priority),
    [`${own}.service`]: router.service,
    ...(router.tls && { [`${own}.tls`]: "true" }),
    ...(router.middlewares.length > 0 && { [`${own}.middlewares`]: router.middlewares.join(",") }),
  };
}

/** Labels know no case: `initialInterval` is written `initialinterval`. */
function middlewareLabels(name: string, settings: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `traefik.http.middlewares.${name}.${key.toLowerCase()}`,
      String(value),
    ]),
  );
}
