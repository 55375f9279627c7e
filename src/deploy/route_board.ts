import { NotWrittenError } from "../error.ts";
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

/** What is wrong with a service's addresses at the moment. */
export interface Outage {
  /** What is there is not ready: they get no request. */
  readonly down: ReadonlySet<string>;
  /** What is there ends again and again, be it up or down now. */
  readonly looping: ReadonlySet<string>;
}

/** The routes of all services as they are meant to be now; Traefik's table is always written as a whole. */
export class RouteBoard {
  readonly #table: RouteTable;
  #routes: ReadonlyMap<string, Route> = new Map();
  readonly #outages = new Map<string, Outage>();
  /** What Traefik goes by, as far as it is known. */
  #loaded: ReadonlyMap<string, Route> = new Map();

  constructor(table: RouteTable) {
    this.#table = table;
  }

  /** The route of a service as it was set last. */
  route(service: string): Route | undefined {
    return this.#routes.get(service);
  }

  /** Whether requests of a service surely go where this route would send them, however long they wait there. */
  leadsLike(route: Route): boolean {
    const loaded = this.#loaded.get(route.service);
    const ways = [loaded?.addresses, loaded?.returning && [loaded.returning.address]];
    return ways.some((addresses) => JSON.stringify(addresses) === JSON.stringify(route.addresses));
  }

  /** Replaces or removes one service's route; done when Traefik goes by it. */
  async set(service: string, route: Route | undefined): Promise<void> {
    const routes = new Map(this.#routes);
    if (route === undefined) routes.delete(service);
    else routes.set(service, route);
    await this.#apply(routes);
  }

  /** Writes the same routes again, because something else of the table has changed; done when Traefik goes by them. */
  async rewrite(): Promise<void> {
    await this.#apply(this.#routes);
  }

  /** Replaces all routes at once; done when Traefik goes by them. */
  async reset(routes: readonly Route[]): Promise<void> {
    await this.#apply(new Map(routes.map((route) => [route.service, route])));
  }

  /**
   * Takes addresses out of a service's route until it is told otherwise, whatever else the route becomes. While none would
   * be left, all of them stay and requests wait. Where there are but crash loops nobody waits, also while one is up: those
   * that it lets down when it ends would be tried again and again for the whole hold.
   */
  async setOutage(service: string, outage: Outage | undefined): Promise<void> {
    const before = this.#effective(service);
    if (outage === undefined) this.#outages.delete(service);
    else this.#outages.set(service, outage);
    if (JSON.stringify(before) !== JSON.stringify(this.#effective(service))) await this.#apply(this.#routes);
  }

  #effective(service: string): Route | undefined {
    const route = this.#routes.get(service);
    const outage = this.#outages.get(service);
    if (route === undefined || outage === undefined) return route;
    const addresses = route.addresses.filter((address) => !outage.down.has(address));
    if (route.addresses.every((address) => outage.looping.has(address))) return { ...route, addresses, holdSeconds: 0 };
    return addresses.length > 0 ? { ...route, addresses } : route;
  }

  async #apply(routes: ReadonlyMap<string, Route>): Promise<void> {
    this.#routes = routes;
    const effective = [...routes.keys()].sort().map((service) => this.#effective(service));
    try {
      await this.#table.apply(effective.filter((route) => route !== undefined));
      this.#loaded = routes;
    } catch (error) {
      if (!(error instanceof NotWrittenError)) this.#loaded = new Map();
      throw error;
    }
  }
}
