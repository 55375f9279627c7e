import type { ReplicaId } from "../service/names.ts";
import type { TraefikCounts } from "../traefik/metrics.ts";

/** What one replica has used. */
export interface ReplicaUse {
  /** When it was looked at, in milliseconds since 1970. */
  readonly at: number;
  /** CPU time since the replica started. */
  readonly cpuSeconds: number;
  /** Memory in use as `docker stats` counts it: without what the kernel would give back at once. */
  readonly memoryBytes: number;
}

/** A replica that runs; what it uses is undefined when this machine does not tell. */
export interface RunningReplica {
  readonly id: ReplicaId;
  readonly use: ReplicaUse | undefined;
}

/** What `GET /v1/stats` asks, when somebody asks it: nothing is gathered in between. */
export interface LoadSources {
  /** The running replicas of some services and what they use. */
  uses(services: ReadonlySet<string>): Promise<readonly RunningReplica[]>;
  /** @throws {MyPaasError} when Traefik does not tell */
  counts(): Promise<TraefikCounts>;
}
