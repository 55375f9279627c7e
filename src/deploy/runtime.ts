import type { ReplicaId } from "../service/names.ts";
import type { EnvVariable, ServiceSpec } from "../service/spec.ts";

/** A replica to be made. Plain data. */
export interface ReplicaRequest {
  readonly id: ReplicaId;
  /** Name or id of an image that is on the machine. */
  readonly image: string;
  readonly spec: ServiceSpec;
  readonly env: readonly EnvVariable[];
  /** Fixed address on the ingress network; none when the service has no domain. */
  readonly ingressAddress: string | undefined;
  /** Fixed address on the internal network. */
  readonly internalAddress: string;
  /** Whether the service's name leads to it from the start (scale 0). */
  readonly named: boolean;
  /** Further labels, such as `traefik.*`. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A replica as it is found on the machine. */
export interface ReplicaState {
  readonly id: ReplicaId;
  readonly status: "created" | "running" | "restarting" | "exited";
  readonly ingressAddress: string | undefined;
  readonly internalAddress: string | undefined;
  /** Whether the service's name leads to it. */
  readonly named: boolean;
  /** The isolated services that it reaches by their names, beside its own. */
  readonly reaches: readonly string[];
  /** Whether it is started again by itself when it ends. */
  readonly restarts: boolean;
  /** What its health check says; `none` when its image has none. */
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** Output of the last health check, unless it is healthy. */
  readonly healthOutput: string;
  /** Process id on the host; 0 when it does not run. */
  readonly pid: number;
  /** How often it ended and was started again by itself. */
  readonly restartCount: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** What kept it from starting, in the runtime's words; empty when nothing did. */
  readonly error: string;
  /** ISO 8601; undefined when it never ran. */
  readonly startedAt: string | undefined;
}

export interface ReplicaEvent {
  readonly id: ReplicaId;
  readonly kind: "start" | "die" | "health" | "destroy";
}

export interface LogLine {
  readonly replica: string;
  readonly stream: "stdout" | "stderr";
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly text: string;
}

export interface LogQuery {
  readonly follow: boolean;
  /** Last lines only; undefined: all. */
  readonly tail?: number | undefined;
  /** Seconds since 1970; undefined: from the start. */
  readonly since?: number | undefined;
}

/** A container of a release that does one command and goes: no name, no route, no ports, no replica. Plain data. */
export interface OneOffRequest {
  readonly service: string;
  readonly release: number;
  readonly image: string;
  readonly spec: ServiceSpec;
  readonly env: readonly EnvVariable[];
  /** The isolated services that it reaches by their names, its own among them. */
  readonly reaches: readonly string[];
  /** Empty: the image's own. */
  readonly command: readonly string[];
  /** Whether it reads what its user writes. */
  readonly stdin: boolean;
  readonly tty: boolean;
  /** The program that it is made for; what is left of it when that has ended is removed. */
  readonly owner: string;
}

/** What is known of a one-off container from outside. */
export interface OneOffState {
  readonly service: string;
  readonly owner: string;
}

/** A container, for whoever works in it. */
export interface ContainerHandle {
  /** The machine's own id for it. */
  readonly id: string;
  /** Its name in sentences. */
  readonly name: string;
}

/**
 * The machine's running containers, in terms of releases and replicas. Only replicas of this server are seen or
 * touched. Docker implements it today, a cluster may tomorrow.
 */
export interface Runtime {
  /** Makes a replica that does not run yet. A leftover of the same name that is ours is replaced. */
  create(replica: ReplicaRequest): Promise<void>;
  /** @throws {NotReadyError} when the machine cannot start it, such as for a missing executable */
  start(id: ReplicaId): Promise<void>;
  /** Whether the replica is started again when it ends, after a crash or a reboot. */
  setRestart(id: ReplicaId, restart: boolean): Promise<void>;
  /** SIGTERM, then SIGKILL after the grace. Never restarts by itself afterwards. Done when the process is gone. */
  stop(id: ReplicaId, graceSeconds: number): Promise<void>;
  /** Removes the container and its anonymous volumes, killing it if need be; no error when it is not there. */
  remove(id: ReplicaId): Promise<void>;
  /** Gives or takes the service's name, at the same address; open connections survive. */
  setNamed(id: ReplicaId, named: boolean): Promise<void>;
  /**
   * Makes these the services whose containers, running or not, reach a service by its name, when it is isolated (its
   * replicas are made so by their spec). Undefined: it has no isolated replica any more, and nothing of it is left. Calls
   * for one service are put in order.
   */
  setPeers(service: string, peers: readonly string[] | undefined): Promise<void>;
  /** The services that have peers, be they none, sorted. */
  isolated(): Promise<readonly string[]>;
  /** Puts a stopped replica at another address of the ingress network. */
  moveTo(id: ReplicaId, ingressAddress: string): Promise<void>;
  inspect(id: ReplicaId): Promise<ReplicaState | undefined>;
  /** All replicas, or those of one service, in the order of their names. What it costs grows with each. */
  list(service?: string): Promise<readonly ReplicaState[]>;
  /** The addresses that all replicas have, running or not, on whichever network. One look, however many there are. */
  addresses(): Promise<ReadonlySet<string>>;
  /** Never ends by itself; ends when aborted. Reconnects; after a gap a consumer must look at `list` again, which `onGap` says. */
  events(signal: AbortSignal, onGap?: () => void): AsyncIterable<ReplicaEvent>;
  logs(id: ReplicaId, query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
  /** @throws {MyPaasError} when there is no such replica */
  containerOf(id: ReplicaId): Promise<ContainerHandle>;
  /**
   * Makes a one-off container and does not start it. It is removed when it ends.
   *
   * @throws {MyPaasError} when the image is gone
   */
  createOneOff(oneOff: OneOffRequest): Promise<ContainerHandle>;
  /** Kills and removes the one-off containers for which this is so. */
  removeOneOffs(which: (oneOff: OneOffState) => Promise<boolean> | boolean): Promise<void>;
}

/** What a build is made of. */
export interface BuildRequest {
  readonly service: string;
  readonly release: number;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  /** Images that the Dockerfile names (`FROM`, `COPY --from`, `--mount=from`, `# syntax`), pulled first when they are missing. */
  readonly baseImages: readonly string[];
  /** The one of them whose tag decides alone what the image is: it is pulled again although it is on the machine. */
  readonly followed?: string | undefined;
  /** Values for the Dockerfile's `ARG`s; none of them is a secret. */
  readonly buildArgs: readonly EnvVariable[];
  /** A plain tar. */
  readonly context: ReadableStream<Uint8Array>;
}

export interface BuildLine {
  /** The instruction it belongs to, such as `[2/3] RUN make`; empty for none. */
  readonly step: string;
  readonly text: string;
}

export interface BuiltImage {
  /** The name the image has been given. */
  readonly image: string;
  /** Docker's image id, `sha256:...`. */
  readonly imageId: string;
}

/** Makes and keeps images. */
export interface Builder {
  /** @throws {BuildError} with the failing instruction in its message and the end of its output as details */
  build(request: BuildRequest, onLine: (line: BuildLine) => void, signal: AbortSignal): Promise<BuiltImage>;
  /**
   * Gives a release the image of an earlier one.
   *
   * @throws {MyPaasError} when that is gone
   */
  reuse(service: string, use: { readonly of: number; readonly release: number }): Promise<BuiltImage>;
  /** Whether a release's image is on the machine. */
  hasImage(service: string, release: number): Promise<boolean>;
  /**
   * Whether a release was built from what the tag that it follows leads to now, as its registry says. When the registry
   * cannot be asked, what is on the machine counts, and `warning` says so.
   */
  isCurrent(
    release: { readonly service: string; readonly release: number; readonly followed: string },
  ): Promise<{ readonly current: boolean; readonly warning?: string }>;
  /** Removes one release's image; no error when it is not there, or stays because a container uses it. */
  removeImage(service: string, release: number): Promise<void>;
}

/** What the daemon sees of a replica from outside. */
export interface Probes {
  /**
   * Sends one request to the address and tells the status of the answer.
   *
   * @returns undefined when nothing accepts, or no HTTP answer comes, within the time
   */
  httpStatus(
    target: { address: string; port: number; host: string; path: string },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<number | undefined>;
  /** Established TCP connections to a port inside the network namespace of a process; 0 when the process is gone. */
  establishedConnections(pid: number, port: number): Promise<number>;
  /**
   * How many processes of this machine the kernel has killed because memory ran out, since it started. Docker's own word
   * for it (`oomKilled`) is missing where its control groups do not report it.
   */
  oomKills(): Promise<number>;
  /** The listening TCP sockets in the network namespace of a process, such as `{address: "127.0.0.1", port: 8000}`. */
  listeners(pid: number): Promise<readonly { readonly address: string; readonly port: number }[]>;
}

/** Traefik's table of routes. */
export interface RouteTable {
  /**
   * Replaces the table: written, synced, renamed, and read back from Traefik, so that when it returns every new request
   * goes by it. Calls at the same time are put in order.
   *
   * @throws {MyPaasError} when Traefik does not confirm it within 10 s; the file stays written
   */
  apply(routes: readonly import("../traefik/route.ts").Route[]): Promise<void>;
}
