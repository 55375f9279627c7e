import { NO_REQUESTS, type RequestCounts, type TraefikCounts } from "../traefik/metrics.ts";
import type { Visits } from "../wire/events.ts";

/** Counts the requests of one service from now on. Traefik that does not tell is no reason for a deploy to fail. */
export class VisitCounter {
  readonly #service: string;
  readonly #counts: () => Promise<TraefikCounts>;
  readonly #before: Promise<TraefikCounts | undefined>;

  constructor(service: string, counts: () => Promise<TraefikCounts>) {
    this.#service = service;
    this.#counts = counts;
    this.#before = this.#look();
  }

  /** What was answered since; undefined when it is not known, such as after a restart of Traefik. */
  async visits(): Promise<Visits | undefined> {
    const before = await this.#before;
    const after = await this.#look();
    if (before === undefined || after === undefined || before.startedAt !== after.startedAt) return undefined;
    const [old, now] = [this.#of(before), this.#of(after)];
    const [requests, failed] = [now.total - old.total, now["5xx"] - old["5xx"]];
    return requests < 0 || failed < 0 ? undefined : { requests, failed };
  }

  #of({ services }: TraefikCounts): RequestCounts {
    return services.get(this.#service) ?? NO_REQUESTS;
  }

  #look(): Promise<TraefikCounts | undefined> {
    return this.#counts().catch(() => undefined);
  }
}
