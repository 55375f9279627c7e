/** A bind or named volume of a service. */
export interface Volume {
  /** `bind`: `source` is a path of the server (`~` stands for the volume root). `named`: a Docker volume's short name. */
  readonly kind: "bind" | "named";
  readonly source: string;
  /** Absolute path inside the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** One environment variable with its value as written in the Dockerfile. */
export interface EnvVariable {
  readonly name: string;
  readonly value: string;
}

/** What one Dockerfile defines, with every default filled in. Plain data: it is stored and sent as JSON. */
export interface ServiceSpec {
  readonly name: string;
  /** Lower-case ASCII host names, in the order of the Dockerfile. Empty: other services only. */
  readonly domains: readonly string[];
  readonly https: boolean;
  readonly volumes: readonly Volume[];
  /** Where the service listens inside its container. */
  readonly port: number;
  /** 0: one replica, the old one stops before the new one starts. n > 0: n replicas, new before old. */
  readonly scale: number;
  readonly env: readonly EnvVariable[];
  readonly startTimeoutSeconds: number;
  readonly drainTimeoutSeconds: number;
  readonly stopGraceSeconds: number;
}

/** How many containers a spec asks for. */
export function replicaCount(spec: Pick<ServiceSpec, "scale">): number {
  return Math.max(1, spec.scale);
}
