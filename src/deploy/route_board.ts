import type { ServiceSpec } from "../service/spec.ts";
import type { Route } from "../traefik/route.ts";
import type { RouteTable } from "./runtime.ts";
import type { ReplicaPlace } from "./store.ts";

/** Makes the route of a release; undefined when it has no site. */
export function routeOf(
  spec: ServiceSpec,
  places: readonly ReplicaPlace[],
  holdSeconds: number,
): Route | undefined {
  if (spec.sites.length === 0) return undefined;
  const addresses = places.flatMap((place) => place.ingressAddress === undefined ? [] : [place.ingressAddress]);
  const { name, sites, hsts, port } = spec;
  return { service: name, sites, hsts, port, addresses, holdSeconds };
}

/** The routes of all services as they are meant to be now; Traefik's table is always written as a whole. */
export class RouteBoard {
  readonly #table: RouteTable;
  #routes: ReadonlyMap<string, Route> = new Map();

  constructor(table: RouteTable) {
    this.#table = table;
  }

  /** The route of a service as it was set last. */
  route(service: string): Route | undefined {
    return this.#routes.get(service);
  }

  /** Replaces or removes one service's route; done when Traefik goes by it. */
  async set(service: string, route: Route | undefined): Promise<void> {
    const routes = new Map(this.#routes);
    if (route === undefined) routes.delete(service);
    else routes.set(service, route);
    await this.#apply(routes);
  }

  /** Replaces all routes at once; done when Traefik goes by them. */
  async reset(routes: readonly Route[]): Promise<void> {
    await this.#apply(new Map(routes.map((route) => [route.service, route])));
  }

  async #apply(routes: ReadonlyMap<string, Route>): Promise<void> {
    this.#routes = routes;
    await this.#table.apply([...routes.values()].sort((a, b) => a.service < b.service ? -1 : 1));
  }
}
