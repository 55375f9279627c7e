import type { LoadSources, RunningReplica } from "../../src/daemon/load_sources.ts";
import type { TraefikCounts } from "../../src/traefik/metrics.ts";

/** What a machine in memory uses: as the test sets it. */
export class MemoryLoad implements LoadSources {
  running: readonly RunningReplica[] = [];
  counted: () => TraefikCounts = () => ({ startedAt: 1000, services: new Map() });

  uses(services: ReadonlySet<string>): Promise<readonly RunningReplica[]> {
    return Promise.resolve(this.running.filter(({ id }) => services.has(id.service)));
  }

  counts(): Promise<TraefikCounts> {
    return Promise.resolve().then(() => this.counted());
  }
}
