import { awaitReady, type ReadinessParts } from "../deploy/readiness.ts";
import type { RouteBoard } from "../deploy/route_board.ts";
import type { ReplicaEvent, ReplicaState, Runtime } from "../deploy/runtime.ts";
import type { Release, ReleaseStore } from "../deploy/store.ts";
import { messageOf } from "../error.ts";
import type { Log } from "../service/log.ts";
import { type ReplicaId, replicaName } from "../service/names.ts";
import { TimeoutError, waitUntil } from "../wait.ts";

/** So many ends of one replica within this time, each after a short life, are a crash loop. */
const LOOP_DEATHS = 3;
const LOOP_MS = 5 * 60_000;
const SHORT_LIFE_MS = 10_000;
/** Docker says within this time whether it starts a container again that has ended. */
const SETTLE_TIMEOUT_MS = 5000;
/** How often a replica that runs but is not ready is looked at. */
const LATE_INTERVAL_MS = 1000;
const LATE_TIMEOUT_MS = 24 * 60 * 60 * 1000;

export interface WatchParts extends ReadinessParts {
  readonly runtime: ReadinessParts["runtime"] & Pick<Runtime, "events" | "list">;
  readonly store: Pick<ReleaseStore, "live" | "allLive" | "serviceState">;
  readonly routes: Pick<RouteBoard, "setOutage">;
  /** Brings a service to what the state says. */
  readonly repair: (service: string) => void;
  /** Called when a replica of a live release ended by itself, or is unhealthy. */
  readonly onTrouble: (id: ReplicaId, state: ReplicaState) => void;
  /** Tells whoever runs the daemon. */
  readonly log: Log;
}

/** A live replica that is not ready. */
interface Down {
  readonly id: ReplicaId;
  /** Whether somebody waits for it already. */
  awaited: boolean;
}

/**
 * Watches the replicas of live releases. One that ends gets no request until it is ready again, as long as others are left;
 * one that Docker does not start again is started; a service of which every replica is in a crash loop answers 503 at once.
 */
export class Watch {
  readonly #parts: WatchParts;
  readonly #signal: AbortSignal;
  readonly #down = new Map<string, Down>();
  /** When replicas started, as far as it was seen, and when they ended after a short life. */
  readonly #starts = new Map<string, number>();
  readonly #deaths = new Map<string, readonly number[]>();

  constructor(parts: WatchParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Watches until the signal is aborted. */
  async run(): Promise<void> {
    const { runtime, log } = this.#parts;
    const onBreak = () => log("waiting for Docker: it does not answer; what runs goes on");
    const onGap = () => {
      log("Docker answers again: all containers are looked at");
      this.#goOn("the containers", this.#lookAtAll());
    };
    for await (const event of runtime.events(this.#signal, { onBreak, onGap })) this.#take(event);
  }

  #take({ id, kind }: ReplicaEvent): void {
    if (kind === "start") this.#starts.set(replicaName(id), this.#parts.now().getTime());
    const work = kind === "die" ? this.#died(id) : kind === "destroy" ? this.#gone(id) : this.#changed(id);
    this.#goOn(replicaName(id), work);
  }

  /** Lets work go on behind the events; what fails is told, and the next event is looked at all the same. */
  #goOn(what: string, work: Promise<void>): void {
    work.catch((error) => {
      if (!this.#signal.aborted) this.#parts.log(`watch: ${what}: ${messageOf(error)}`);
    });
  }

  async #died(id: ReplicaId): Promise<void> {
    if (!this.#isLive(id)) return;
    const name = replicaName(id);
    const lived = this.#lived(name);
    if (lived >= SHORT_LIFE_MS) this.#deaths.delete(name);
    this.#down.set(name, { id, awaited: false });
    // A route that Traefik does not confirm is no reason to leave the replica as it is.
    this.#goOn(`the route of ${id.service}`, this.#writeOutage(id.service));
    const state = await this.#settled(id);
    // One that is not to come back was stopped by a deploy or by its owner.
    if (state === undefined || !state.restarts || !this.#isLive(id)) return;
    this.#countDeath(id, lived);
    this.#parts.onTrouble(id, state);
    if (state.status === "exited") this.#parts.repair(id.service);
  }

  #countDeath(id: ReplicaId, lived: number): void {
    const name = replicaName(id);
    const now = this.#parts.now().getTime();
    // A clock that was put back tells nothing about a life.
    if (lived < 0 || lived >= SHORT_LIFE_MS) return;
    const deaths = (this.#deaths.get(name) ?? []).filter((at) => Math.abs(now - at) < LOOP_MS);
    this.#deaths.set(name, [...deaths, now]);
    if (!this.#inLoop(name)) return;
    this.#goOn(`the route of ${id.service}`, this.#writeOutage(id.service));
    this.#goOn(name, this.#leavesLoop(id));
  }

  /** What became of a replica that ended: it runs again, waits to be started again, or stays as it is. */
  async #settled(id: ReplicaId): Promise<ReplicaState | undefined> {
    let state: ReplicaState | undefined;
    let before = "";
    await waitUntil(async () => {
      state = await this.#parts.runtime.inspect(id);
      const now = state?.status ?? "gone";
      if (now === before) return true;
      before = now;
      return now === "running" || now === "restarting";
    }, { what: `${replicaName(id)} has ended`, timeoutMs: SETTLE_TIMEOUT_MS, intervalMs: 100, signal: this.#signal });
    return state;
  }

  /** It started, or its health changed. */
  async #changed(id: ReplicaId): Promise<void> {
    if (!this.#isLive(id)) return;
    const name = replicaName(id);
    const state = await this.#parts.runtime.inspect(id);
    if (state?.health === "unhealthy" && !this.#down.has(name)) {
      this.#down.set(name, { id, awaited: false });
      this.#goOn(`the route of ${id.service}`, this.#writeOutage(id.service));
      this.#parts.onTrouble(id, state);
    }
    const down = this.#down.get(name);
    if (down === undefined || down.awaited || state?.status !== "running" || state.health === "unhealthy") return;
    down.awaited = true;
    if (await this.#comesBack(id, down) && this.#down.get(name) === down) {
      this.#down.delete(name);
      await this.#writeOutage(id.service);
    }
  }

  /** Waits until a replica that was in a crash loop has lived for long enough, or ends again. */
  async #leavesLoop(id: ReplicaId): Promise<void> {
    const name = replicaName(id);
    const deaths = this.#deaths.get(name);
    const isOver = () =>
      this.#deaths.get(name) !== deaths || (!this.#down.has(name) && this.#lived(name) >= SHORT_LIFE_MS);
    const limits = { timeoutMs: LATE_TIMEOUT_MS, intervalMs: LATE_INTERVAL_MS, signal: this.#signal };
    await waitUntil(isOver, { what: `${name} goes on`, ...limits });
    if (this.#deaths.get(name) !== deaths) return;
    this.#deaths.delete(name);
    await this.#writeOutage(id.service);
  }

  /** How long ago it was seen to start, in milliseconds. */
  #lived(name: string): number {
    return this.#parts.now().getTime() - (this.#starts.get(name) ?? -Infinity);
  }

  /** Waits until a replica is ready; false when it ended again, or is somebody else's business by now. */
  async #comesBack(id: ReplicaId, down: Down): Promise<boolean> {
    const live = this.#parts.store.live(id.service);
    const place = live?.places.find(({ n }) => n === id.n);
    if (live === undefined || place === undefined) return false;
    const name = replicaName(id);
    const isReady = async () => {
      if (this.#down.get(name) !== down || !this.#isLive(id)) return "over";
      const state = await this.#parts.runtime.inspect(id);
      if (state?.status !== "running" || state.health === "unhealthy") return "over";
      try {
        const target = { id, spec: live.spec, ingressAddress: place.ingressAddress, oomKillsBefore: Infinity };
        await awaitReady(this.#parts, target, this.#signal);
        return "ready";
      } catch (error) {
        this.#signal.throwIfAborted();
        this.#parts.log(`watch: ${messageOf(error)}`);
        return undefined;
      }
    };
    const limits = { timeoutMs: LATE_TIMEOUT_MS, intervalMs: LATE_INTERVAL_MS, signal: this.#signal };
    try {
      return await waitUntil(isReady, { what: `${name} is ready`, ...limits }) === "ready";
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    } finally {
      down.awaited = false;
    }
  }

  async #gone(id: ReplicaId): Promise<void> {
    const name = replicaName(id);
    this.#deaths.delete(name);
    this.#starts.delete(name);
    if (this.#down.delete(name)) await this.#writeOutage(id.service);
  }

  /** Events may be missing: what runs is looked at again. */
  async #lookAtAll(): Promise<void> {
    const found = await this.#parts.runtime.list();
    const names = new Set(found.map(({ id }) => replicaName(id)));
    for (const { id } of [...this.#down.values()]) {
      if (!names.has(replicaName(id))) this.#take({ id, kind: "destroy" });
    }
    for (const { id, status } of found) {
      if (status === "running") this.#take({ id, kind: "start" });
      else if (!this.#down.has(replicaName(id))) this.#take({ id, kind: "die" });
    }
    const states = new Map(found.map(({ id, status }) => [replicaName(id), status]));
    for (const live of this.#parts.store.allLive()) {
      if (this.#parts.store.serviceState(live.service) !== "running") continue;
      const all = live.places.map(({ n }) => states.get(replicaName({ ...live, release: live.number, n })));
      // Also one that is known to be down: what became of it could not be seen.
      if (!all.every((status) => status === "running" || status === "restarting")) this.#parts.repair(live.service);
    }
  }

  async #writeOutage(service: string): Promise<void> {
    const live = this.#parts.store.live(service);
    const down = new Set<string>();
    const looping = new Set<string>();
    for (const { n, ingressAddress } of live?.places ?? []) {
      if (live === undefined || ingressAddress === undefined) continue;
      const name = replicaName({ service, release: live.number, n });
      if (this.#down.has(name)) down.add(ingressAddress);
      if (this.#inLoop(name)) looping.add(ingressAddress);
    }
    await this.#parts.routes.setOutage(service, down.size + looping.size === 0 ? undefined : { down, looping });
  }

  #inLoop(name: string): boolean {
    return (this.#deaths.get(name) ?? []).length >= LOOP_DEATHS;
  }

  #isLive({ service, release }: ReplicaId): boolean {
    const live: Release | undefined = this.#parts.store.live(service);
    return live?.number === release && this.#parts.store.serviceState(service) === "running";
  }
}
