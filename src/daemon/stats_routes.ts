import { inScope } from "../auth/roles.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { replicaName } from "../service/names.ts";
import { NO_REQUESTS, type TraefikCounts } from "../traefik/metrics.ts";
import type { ServiceCounters, StatsSample } from "../wire/stats.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import type { RunningReplica } from "./load_sources.ts";
import { noSuchService, row } from "./route_row.ts";

/** Requests about load. */
export const STATS_ROUTES: readonly ApiRoute[] = [{ ...row("GET", "/v1/stats", "stats"), run: stats }];

async function stats(call: Call, { store, load, now, onIdle }: ApiParts): Promise<Result> {
  const services = wanted(call, store);
  const [running, { counts, time }] = await Promise.all([
    load.uses(new Set(services)),
    // Rates are over the time between two looks at Traefik, however long Docker takes.
    countsOrFailure(load).then((counts) => ({ counts, time: now().toISOString() })),
  ]);
  const known = "services" in counts ? counts : undefined;
  const sample: StatsSample = {
    time,
    countedSince: known && new Date(known.startedAt * 1000).toISOString(),
    countsError: "failure" in counts ? counts.failure : undefined,
    services: services.map((service) => {
      const spec = store.live(service)?.spec;
      return {
        service,
        scale: spec?.scale ?? 0,
        memoryLimitBytes: spec?.maxMemoryBytes,
        replicas: replicasOf(service, running),
        // Traefik knows nothing of a service before its first request.
        requests: known && spec && spec.sites.length > 0 ? known.services.get(service) ?? NO_REQUESTS : undefined,
      };
    }),
  };
  // Somebody who watches for hours leaves no memory behind.
  onIdle();
  return { json: sample };
}

/** The services that the query names, or all in the scope. @throws {MyPaasError} for one that is not there */
function wanted({ actor, query }: Call, store: ApiParts["store"]): readonly string[] {
  const known = store.services().filter((service) => inScope(actor, service));
  const named = new Set(query.getAll("service"));
  if (named.size === 0) return known;
  for (const service of named) {
    if (!known.includes(service)) throw noSuchService(`Cannot show the load of "${service}"`, actor, store);
  }
  return known.filter((service) => named.has(service));
}

/** Memory and CPU are told although Traefik is away. */
async function countsOrFailure(
  load: ApiParts["load"],
): Promise<TraefikCounts | { readonly failure: string }> {
  try {
    return await load.counts();
  } catch (error) {
    if (error instanceof MyPaasError) return { failure: messageOf(error) };
    throw error;
  }
}

function replicasOf(service: string, running: readonly RunningReplica[]): ServiceCounters["replicas"] {
  const own = running.filter(({ id }) => id.service === service);
  return own.toSorted(({ id: a }, { id: b }) => a.release - b.release || a.n - b.n).map(({ id, use }) => ({
    name: replicaName(id),
    use: use && {
      time: new Date(use.at).toISOString(),
      cpuSeconds: use.cpuSeconds,
      memoryBytes: use.memoryBytes,
    },
  }));
}
