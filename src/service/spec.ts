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

/** A place on the web that a service answers: a domain, or what is below a path of it. */
export interface Site {
  /** Lower-case ASCII host name. */
  readonly domain: string;
  /** `/`, or a prefix without a slash at its end: `/a` is `/a` and all below it, not `/ab`. */
  readonly path: string;
  /** Whether it is served over https, with http redirected. */
  readonly https: boolean;
}

/** A port of the container that is reached on the server itself, past Traefik. */
export interface PublishedPort {
  /** On the server, on all its addresses. */
  readonly hostPort: number;
  /** In the container. */
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** How a published port is named: `5432` or `53/udp`. */
export function publishedName({ hostPort, protocol }: PublishedPort): string {
  return protocol === "tcp" ? String(hostPort) : `${hostPort}/${protocol}`;
}

/** The request that a replica has to answer with 2xx or 3xx before it gets others. */
export interface HealthProbe {
  readonly path: string;
  /** Pause between two probes. While a replica starts, it is at most a second. */
  readonly intervalMs: number;
  /** How long one probe waits for its answer. */
  readonly timeoutMs: number;
}

/** What one Dockerfile defines, with every default filled in. Plain data: it is stored and sent as JSON. */
export interface ServiceSpec {
  readonly name: string;
  /** In the order of the Dockerfile. Empty: other services only. */
  readonly sites: readonly Site[];
  /** Whether browsers are told to use https only. */
  readonly hsts: boolean;
  readonly volumes: readonly Volume[];
  /** Where the service listens inside its container. */
  readonly port: number;
  readonly publish: readonly PublishedPort[];
  /** 0: one replica, the old one stops before the new one starts. n > 0: n replicas, new before old. */
  readonly scale: number;
  /** The services that reach this one by its name, sorted; undefined: it is not isolated, all of them do. */
  readonly peers: readonly string[] | undefined;
  readonly env: readonly EnvVariable[];
  /** Names of the variables whose values are in the service's store on the server; none of them is in `env`. */
  readonly storedEnv: readonly string[];
  /** Those of `storedEnv` that the containers get as files, sorted; undefined: none. */
  readonly fileEnv: readonly string[] | undefined;
  /** What the build is told, beside what MyPaas tells it. */
  readonly buildArgs: readonly EnvVariable[];
  readonly healthcheck: HealthProbe | undefined;
  /** Most memory of one replica, in bytes; undefined: no limit. */
  readonly maxMemoryBytes: number | undefined;
  /** Most CPU time of one replica, in CPUs; undefined: no limit. */
  readonly maxCpus: number | undefined;
  readonly startTimeoutSeconds: number;
  readonly drainTimeoutSeconds: number;
  readonly stopGraceSeconds: number;
}

/** How many containers a spec asks for. */
export function replicaCount(spec: Pick<ServiceSpec, "scale">): number {
  return Math.max(1, spec.scale);
}

/** The domains of a spec, each once, in the order of the Dockerfile. */
export function domainsOf({ sites }: Pick<ServiceSpec, "sites">): readonly string[] {
  return [...new Set(sites.map(({ domain }) => domain))];
}

/** A spec as any version of MyPaas has stored it. */
export type StoredSpec =
  & Partial<ServiceSpec>
  & Pick<
    ServiceSpec,
    | "name"
    | "volumes"
    | "port"
    | "scale"
    | "env"
    | "startTimeoutSeconds"
    | "drainTimeoutSeconds"
    | "stopGraceSeconds"
  >
  /** What was there before `sites`. */
  & { readonly domains?: readonly string[]; readonly https?: boolean };

/** Fills in what a spec of an earlier version lacks, so that its release goes on as it is. */
export function completeSpec({ domains = [], https = false, ...stored }: StoredSpec): ServiceSpec {
  return {
    sites: domains.map((domain) => ({ domain, path: "/", https })),
    hsts: false,
    publish: [],
    peers: undefined,
    storedEnv: [],
    fileEnv: undefined,
    buildArgs: [],
    healthcheck: undefined,
    maxMemoryBytes: undefined,
    maxCpus: undefined,
    ...stored,
  };
}
