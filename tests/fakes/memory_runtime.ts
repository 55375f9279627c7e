import { oneOffName, type ReplicaId, replicaName } from "../../src/service/names.ts";
import type {
  ContainerHandle,
  LogLine,
  OneOffRequest,
  ReplicaEvent,
  ReplicaRequest,
  ReplicaState,
  Runtime,
} from "../../src/deploy/runtime.ts";

/** How a fake replica behaves once it is started. */
export type Behaviour = "ready" | "exits" | "never-ready";

/** A machine of containers in memory: the twin of the Docker runtime for tests of the steps' order. */
export class MemoryRuntime implements Runtime {
  readonly replicas = new Map<string, ReplicaState>();
  /** Behaviour by release number; `ready` unless said otherwise. */
  readonly behaviours = new Map<number, Behaviour>();
  readonly oneOffs: OneOffRequest[] = [];
  /** Every change, such as `start blog.8.1`. */
  readonly calls: string[] = [];
  /** The service of each `list`; undefined where it was for all of them. */
  readonly looks: (string | undefined)[] = [];
  /** Who reaches an isolated service. */
  readonly peers = new Map<string, readonly string[]>();
  /** Called before each change; what it throws is a power cut at that moment. */
  beforeCall: (call: string) => void = () => {};
  #pid = 1000;
  readonly #told: ReplicaEvent[] = [];
  #news = Promise.withResolvers<void>();

  create({ id, ingressAddress, internalAddress, named }: ReplicaRequest): Promise<void> {
    return this.#call(`create ${replicaName(id)}`, () => {
      this.replicas.set(replicaName(id), {
        id,
        status: "created",
        ingressAddress,
        internalAddress,
        named,
        reaches: [],
        restarts: false,
        health: "none",
        healthOutput: "",
        pid: 0,
        restartCount: 0,
        exitCode: 0,
        oomKilled: false,
        error: "",
        startedAt: undefined,
      });
    });
  }

  start(id: ReplicaId): Promise<void> {
    return this.#call(`start ${replicaName(id)}`, () => {
      const { ingressAddress } = this.#get(id);
      for (const other of this.replicas.values()) {
        if (
          other.status === "running" && other.ingressAddress !== undefined && other.ingressAddress === ingressAddress
        ) {
          if (replicaName(other.id) !== replicaName(id)) throw new Error("Address already in use");
        }
      }
      const exits = this.behaviours.get(id.release) === "exits";
      this.#set(id, exits ? { status: "exited", exitCode: 3 } : { status: "running", pid: this.#pid++ });
      this.#set(id, { startedAt: new Date(0).toISOString() });
      this.#tell({ id, kind: "start" });
    });
  }

  setRestart(id: ReplicaId, restart: boolean): Promise<void> {
    this.#set(id, { restarts: restart });
    return Promise.resolve();
  }

  stop(id: ReplicaId): Promise<void> {
    return this.#call(`stop ${replicaName(id)}`, () => {
      const { status } = this.#get(id);
      this.#set(id, { status: "exited", pid: 0, restarts: false });
      if (status === "running") this.#tell({ id, kind: "die" });
    });
  }

  remove(id: ReplicaId): Promise<void> {
    return this.#call(`remove ${replicaName(id)}`, () => {
      this.replicas.delete(replicaName(id));
      this.#tell({ id, kind: "destroy" });
    });
  }

  setNamed(id: ReplicaId, named: boolean): Promise<void> {
    return this.#call(`${named ? "name" : "unname"} ${replicaName(id)}`, () => this.#set(id, { named }));
  }

  setPeers(service: string, peers: readonly string[] | undefined): Promise<void> {
    return this.#call(`set the peers of ${service}: ${peers?.join(", ") ?? "all"}`, () => {
      if (peers === undefined) this.peers.delete(service);
      else this.peers.set(service, peers);
      for (const { id, reaches } of this.replicas.values()) {
        const others = reaches.filter((each) => each !== service);
        this.#set(id, { reaches: peers?.includes(id.service) ? [...others, service].sort() : others });
      }
    });
  }

  isolated(): Promise<readonly string[]> {
    return Promise.resolve([...this.peers.keys()].sort());
  }

  moveTo(id: ReplicaId, ingressAddress: string): Promise<void> {
    return this.#call(`move ${replicaName(id)} to ${ingressAddress}`, () => {
      if (this.#get(id).status === "running") throw new Error("moved while it runs");
      this.#set(id, { ingressAddress });
    });
  }

  inspect(id: ReplicaId): Promise<ReplicaState | undefined> {
    return Promise.resolve(this.replicas.get(replicaName(id)));
  }

  list(service?: string): Promise<readonly ReplicaState[]> {
    this.looks.push(service);
    const all = [...this.replicas.values()];
    return Promise.resolve(all.filter(({ id }) => service === undefined || id.service === service));
  }

  addresses(): Promise<ReadonlySet<string>> {
    const all = [...this.replicas.values()].flatMap((state) => [state.ingressAddress, state.internalAddress]);
    return Promise.resolve(new Set(all.filter((address) => address !== undefined)));
  }

  async *events(signal: AbortSignal): AsyncGenerator<ReplicaEvent> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    for (let next = this.#told.length; !signal.aborted;) {
      const event = this.#told[next];
      if (event !== undefined) {
        next++;
        yield event;
      } else await Promise.race([this.#news.promise, aborted]);
    }
  }

  /** A replica ends by itself; one that restarts is started again by the machine when `start` is called for it. */
  crash(id: ReplicaId, { exitCode = 1 }: { readonly exitCode?: number } = {}): void {
    this.#set(id, { status: this.#get(id).restarts ? "restarting" : "exited", pid: 0, exitCode });
    this.#tell({ id, kind: "die" });
  }

  /** The machine starts a replica that had ended. */
  restart(id: ReplicaId): void {
    const { restartCount } = this.#get(id);
    this.#set(id, { status: "running", pid: this.#pid++, restartCount: restartCount + 1 });
    this.#tell({ id, kind: "start" });
  }

  /** A replica's health check says something else than before. */
  becomes(id: ReplicaId, health: ReplicaState["health"]): void {
    this.#set(id, { health });
    this.#tell({ id, kind: "health" });
  }

  #tell(event: ReplicaEvent): void {
    this.#told.push(event);
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }

  async *logs(id: ReplicaId): AsyncGenerator<LogLine> {
    yield { replica: replicaName(id), stream: "stdout", time: "", text: `hello from ${replicaName(id)}` };
  }

  containerOf(id: ReplicaId): Promise<ContainerHandle> {
    return Promise.resolve({ id: `container-${replicaName(this.#get(id).id)}`, name: replicaName(id) });
  }

  createOneOff(oneOff: OneOffRequest): Promise<ContainerHandle> {
    this.oneOffs.push(oneOff);
    const name = oneOffName(oneOff.service, oneOff.release, String(this.oneOffs.length));
    return Promise.resolve({ id: `container-${name}`, name });
  }

  async removeOneOffs(which: Parameters<Runtime["removeOneOffs"]>[0]): Promise<void> {
    for (const oneOff of [...this.oneOffs]) {
      if (await which(oneOff)) this.oneOffs.splice(this.oneOffs.indexOf(oneOff), 1);
    }
  }

  /** Whether a ready replica answers at this address. */
  answersAt(address: string): ReplicaState | undefined {
    return [...this.replicas.values()].find((state) =>
      state.status === "running" && state.ingressAddress === address &&
      this.behaviours.get(state.id.release) !== "never-ready"
    );
  }

  /** Whether a replica listens, by its process id. */
  listensIn(pid: number): boolean {
    return [...this.replicas.values()].some((state) =>
      state.status === "running" && state.pid === pid && this.behaviours.get(state.id.release) !== "never-ready"
    );
  }

  #get(id: ReplicaId): ReplicaState {
    const state = this.replicas.get(replicaName(id));
    if (state === undefined) throw new Error(`no container ${replicaName(id)}`);
    return state;
  }

  #set(id: ReplicaId, change: Partial<ReplicaState>): void {
    this.replicas.set(replicaName(id), { ...this.#get(id), ...change });
  }

  #call(call: string, action: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.beforeCall(call);
      this.calls.push(call);
      action();
      resolve();
    });
  }
}
