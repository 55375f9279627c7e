import { type ReplicaId, replicaName } from "../service/names.ts";
import { repairHoldSeconds, retire, routeSteps } from "./plan.ts";
import type { Step } from "./step.ts";
import type { ReplicaState } from "./runtime.ts";
import type { Release, ReleaseStore } from "./store.ts";

/** What the state says of a service, and what of it is on the machine. */
export interface ServiceFacts {
  /** The live release with its places; undefined when the service has none, or is being removed. */
  readonly live: Release | undefined;
  /** Whether the live release is to stand still. */
  readonly stopped: boolean;
  /** Every replica of the service on the machine. */
  readonly found: readonly ReplicaState[];
}

/** Puts together what `planReconcile` plans from. */
export function serviceFacts(
  store: Pick<ReleaseStore, "live" | "serviceState">,
  service: string,
  all: readonly ReplicaState[],
): ServiceFacts {
  const state = store.serviceState(service);
  return {
    live: state === "removing" ? undefined : store.live(service),
    stopped: state === "stopped",
    found: all.filter(({ id }) => id.service === service),
  };
}

/**
 * Plans how one service gets from what is found on the machine to what the state says. The same plan serves after a
 * failed deploy, after `kill -9` of the daemon at any step, and after a reboot.
 *
 * Order: routes first, so that requests wait for the right address; then what never was live goes, as it may sit on an
 * address that is needed; then the live release is made whole; then older replicas finish and go. A replica that was ready
 * (it is started again by itself from then on) may have had the route for a moment, so its requests finish first.
 */
export function planReconcile(service: string, { live, stopped, found }: ServiceFacts): readonly Step[] {
  const wanted = new Map(live?.places.map((place) => [place.n, place]) ?? []);
  const isWanted = (id: ReplicaId) => id.release === live?.number && wanted.has(id.n);
  const strangers = found.filter(({ id }) => !isWanted(id));
  const neverLive = strangers.filter(({ id }) => live === undefined || id.release >= live.number);
  const older = strangers.filter(({ id }) => live !== undefined && id.release < live.number);
  const repairs = live === undefined ? [] : stopped ? planRest(live, found) : planRepairs(live, found);
  const routed = live !== undefined && live.spec.sites.length > 0;
  const held = repairs.some((step) => step.kind === "start");
  return [
    ...(!routed
      ? [{ kind: "unroute", service } as const]
      : stopped
      ? [{ kind: "close", service, release: live.number } as const]
      : held
      ? heldRoute(live)
      : routeSteps(live, undefined)),
    ...retire(ids(neverLive.filter(({ restarts }) => restarts)), { unname: true }),
    ...stopAndRemove(neverLive.filter(({ restarts }) => !restarts)),
    ...repairs,
    ...(routed && held ? routeSteps(live, undefined) : []),
    ...retire(ids(older), { unname: true }),
  ];
}

/** Whether a plan of `planReconcile` changes anything but the route, which is always written. */
export function repairsAnything(steps: readonly Step[]): boolean {
  return steps.some(({ kind }) => kind !== "route" && kind !== "unroute" && kind !== "close");
}

function heldRoute(live: Release): readonly Step[] {
  const holdSeconds = repairHoldSeconds(live.spec);
  return routeSteps(live, undefined).map((step) =>
    step.kind === "route" ? { ...step, holdSeconds, held: false } : step
  );
}

/** A stopped service keeps its containers, without a process. */
function planRest(live: Release, found: readonly ReplicaState[]): readonly Step[] {
  const running = found.filter(({ id, status, restarts }) =>
    id.release === live.number && (status === "running" || status === "restarting" || restarts)
  );
  return retire(ids(running), { unname: true }).filter(({ kind }) => kind !== "remove");
}

function planRepairs(live: Release, found: readonly ReplicaState[]): readonly Step[] {
  const byName = new Map(found.map((state) => [replicaName(state.id), state]));
  return live.places.flatMap((place): readonly Step[] => {
    const id = { service: live.service, release: live.number, n: place.n };
    const state = byName.get(replicaName(id));
    const start: readonly Step[] = [{ kind: "start", replicas: [id] }, { kind: "await-ready", replicas: [id] }];
    const name: readonly Step[] = [{ kind: "name", replicas: [id] }];
    if (state === undefined) return [{ kind: "create", replicas: [id] }, ...start, ...name];
    const runs = state.status === "running" || state.status === "restarting";
    const named = state.named ? [] : name;
    if (place.ingressAddress !== undefined && state.ingressAddress !== place.ingressAddress) {
      const stop: readonly Step[] = runs ? [{ kind: "drain", replicas: [id] }, { kind: "stop", replicas: [id] }] : [];
      return [...stop, { kind: "move", replica: id, address: place.ingressAddress }, ...start, ...named];
    }
    if (!runs) return [...start, ...named];
    // It runs, but would not come back after a crash: the power went between its start and the commit's follow-up.
    return state.restarts ? named : [{ kind: "await-ready", replicas: [id] }, ...named];
  });
}

/** What never was ready is in the way; one that listened before it was may have requests to finish. */
function stopAndRemove(states: readonly ReplicaState[]): readonly Step[] {
  if (states.length === 0) return [];
  const running = states.filter((state) => state.status === "running" || state.status === "restarting");
  return [
    ...(running.length > 0
      ? [{ kind: "drain", replicas: ids(running) } as const, { kind: "stop", replicas: ids(running) } as const]
      : []),
    { kind: "remove", replicas: ids(states) },
  ];
}

function ids(states: readonly ReplicaState[]): readonly ReplicaId[] {
  return states.map((state) => state.id);
}
