import { LeftOverError, MyPaasError, NotReadyError, NotWrittenError } from "../error.ts";
import { type ReplicaId, replicaName } from "../service/names.ts";
import { renderLabels } from "../traefik/labels.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { NORMAL_HOLD_SECONDS, type Route } from "../traefik/route.ts";
import { drainReplica } from "./drain_replica.ts";
import { logTail } from "./log_tail.ts";
import { peersOf, reachedBy } from "./peers.ts";
import { describeStep, type Step } from "./step.ts";
import { awaitReady } from "./readiness.ts";
import { type RouteBoard, routeOf } from "./route_board.ts";
import type { Probes, ReplicaState, Runtime } from "./runtime.ts";
import type { Release, ReleaseStore, ReplicaPlace } from "./store.ts";

export interface RunnerParts {
  readonly runtime: Runtime;
  readonly probes: Probes;
  readonly routes: RouteBoard;
  readonly store: ReleaseStore;
  /** Named in the labels, for a stock Traefik. */
  readonly ingressNetwork: string;
  readonly now: () => Date;
  /** See `DrainParts`. */
  readonly lingersMs?: number;
}

/** What a run of steps tells while it goes on. */
export type StepReport =
  | { readonly kind: "step"; readonly text: string; readonly state: "started" | "done"; readonly seconds?: number }
  | { readonly kind: "warning"; readonly text: string };

export interface RunOptions {
  readonly report: (event: StepReport) => void;
  /** The release whose step row follows the run; undefined for work that no release waits for. */
  readonly release?: Pick<Release, "service" | "number"> | undefined;
  /** Does the `build` step, or the `reuse` step instead of it: afterwards the release has its image. */
  readonly build?: (signal: AbortSignal | undefined) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Executes steps one after another. Each may be repeated: a run that ended in the middle is planned anew from what is
 * found, and doing a step again that was done does no harm.
 *
 * A route that cannot be written, on a full disk, but would lead where requests go already, keeps no replica from being
 * started: the run goes on, and ends with that failure.
 *
 * @throws {LeftOverError} when nothing but such a route is left
 */
export async function runSteps(parts: RunnerParts, steps: readonly Step[], options: RunOptions): Promise<void> {
  const run: Run = { oomKillsBefore: await parts.probes.oomKills(), unnamed: new Set(), unwritten: undefined };
  for (const step of steps) {
    options.signal?.throwIfAborted();
    const text = describeStep(step);
    const began = performance.now();
    if (options.release !== undefined) parts.store.setStep(options.release.service, options.release.number, text);
    options.report({ kind: "step", text, state: "started" });
    await runStep(parts, step, { ...options, run });
    options.report({ kind: "step", text, state: "done", seconds: (performance.now() - began) / 1000 });
  }
  const { unwritten } = run;
  if (unwritten !== undefined) throw new LeftOverError(unwritten.message, { hint: unwritten.hint, cause: unwritten });
}

/** What a step needs of those before it. */
interface Run {
  /** Processes that the kernel had killed for memory before replicas were started. */
  oomKillsBefore: number;
  /** Names of the replicas that have given up their service's name. */
  readonly unnamed: Set<string>;
  /** Why the route could not be written that only says how long requests wait. */
  unwritten: NotWrittenError | undefined;
}

async function runStep(parts: RunnerParts, step: Step, options: RunOptions & { readonly run: Run }): Promise<void> {
  const { runtime, store, routes } = parts;
  switch (step.kind) {
    case "build":
    case "reuse":
      return await options.build?.(options.signal);
    case "create":
      await forEach(step.replicas, (id) => create(parts, id));
      return await meetPeers(parts, step.replicas);
    case "start":
      options.run.oomKillsBefore = await parts.probes.oomKills();
      return await forEach(step.replicas, (id) => runtime.start(id)).catch((error) => {
        tellFailure(error, options);
        throw error;
      });
    case "await-ready":
      return await bringUp(parts, step.replicas, options);
    case "name":
      await forEach(step.replicas, async (id) => void await setNamed(parts, id, true));
      return;
    case "unname":
      return await forEach(step.replicas, async (id) => {
        if (await setNamed(parts, id, false)) options.run.unnamed.add(replicaName(id));
      });
    case "drain":
      return await forEach(
        step.replicas,
        (id) => drainReplica(parts, id, { ...options, unnamed: options.run.unnamed }),
      );
    case "stop":
      return await forEach(step.replicas, (id) => stop(parts, id));
    case "remove":
      return await forEach(step.replicas, (id) => runtime.remove(id));
    case "move":
      return await runtime.moveTo(step.replica, step.address);
    case "route": {
      const { spec, places } = releaseOf(store, step);
      const { run } = options;
      if (!step.held) {
        return await setRoute(parts, step.service, { route: routeOf(spec, places, step.holdSeconds), run });
      }
      const route = heldRoute(routeOf(spec, places, step.holdSeconds), store.live(step.service)?.spec, step);
      // Before the route: from the moment it is written requests may wait for this address.
      store.setHeldAddress(step.service, step.release, route?.returning?.address ?? route?.addresses[0]);
      return await setRoute(parts, step.service, { route, run }).catch((error) => {
        // Nothing waits for it after all.
        if (error instanceof NotWrittenError) store.setHeldAddress(step.service, step.release, undefined);
        throw error;
      });
    }
    case "unroute":
      return routes.route(step.service) === undefined ? undefined : await routes.set(step.service, undefined);
    case "isolate":
      // What it has to be now: another deploy of the service may have begun since this was planned.
      return await runtime.setPeers(step.service, peersOf(store, step.service));
    case "close": {
      const { spec, places } = releaseOf(store, step);
      const route = routeOf(spec, places, 0);
      return route === undefined ? undefined : await routes.set(step.service, { ...route, addresses: [] });
    }
    case "commit":
      return store.commit(step.service, step.release, parts.now().toISOString());
  }
}

/** A route that cannot be written, and would lead where requests go already, is left for the end of the run. */
async function setRoute(
  { routes }: Pick<RunnerParts, "routes">,
  service: string,
  { route, run }: { readonly route: Route | undefined; readonly run: Run },
): Promise<void> {
  try {
    await routes.set(service, route);
  } catch (error) {
    if (!(error instanceof NotWrittenError) || route === undefined || !routes.leadsLike(route)) throw error;
    run.unwritten = error;
  }
}

/** Until the commit the old release may come back, so what only it serves waits as well, and where it comes back is known. */
function heldRoute(
  route: Route | undefined,
  old: ServiceSpec | undefined,
  { returnAddress }: { readonly returnAddress?: string | undefined },
): Route | undefined {
  if (route === undefined || old === undefined) return route;
  const added = old.sites.filter((site) =>
    !route.sites.some(({ domain, path, https }) => domain === site.domain && path === site.path && https === site.https)
  );
  const returning = returnAddress === undefined ? undefined : { address: returnAddress, port: old.port };
  return { ...route, sites: [...route.sites, ...added], ...(returning && { returning }) };
}

async function create(parts: RunnerParts, id: ReplicaId): Promise<void> {
  const release = releaseOf(parts.store, id);
  const place = placeOf(release, id);
  if (release.image === undefined) throw new MyPaasError(`Cannot create ${replicaName(id)}: it has no image`);
  const route = routeOf(release.spec, release.places, NORMAL_HOLD_SECONDS);
  await parts.runtime.create({
    id,
    image: release.image,
    spec: release.spec,
    env: release.env,
    ingressAddress: place.ingressAddress,
    internalAddress: place.internalAddress,
    named: release.spec.scale === 0,
    labels: route === undefined ? {} : renderLabels(route, { network: parts.ingressNetwork }),
  });
}

/** New replicas reach the isolated services that name theirs. Looked up after they are made, so that none is missed. */
async function meetPeers({ runtime, store }: RunnerParts, replicas: readonly ReplicaId[]): Promise<void> {
  const services = new Set(replicas.flatMap(({ service }) => reachedBy(store, service)));
  await Promise.all([...services].map((service) => runtime.setPeers(service, peersOf(store, service))));
}

/** Waits until all are ready. The first that fails speaks for all: the others are not waited for. */
async function bringUp(
  parts: RunnerParts,
  replicas: readonly ReplicaId[],
  options: RunOptions & { readonly run: Run },
): Promise<void> {
  const { signal, run: { oomKillsBefore } } = options;
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const warn = (text: string) => options.report({ kind: "warning", text });
  try {
    await forEach(replicas, async (id) => {
      const release = releaseOf(parts.store, id);
      const { ingressAddress } = placeOf(release, id);
      try {
        await awaitReady(parts, { id, spec: release.spec, ingressAddress, oomKillsBefore, warn }, either);
        await parts.runtime.setRestart(id, true);
      } catch (error) {
        if (!failed.signal.aborted) tellFailure(error, options);
        failed.abort(error);
        throw error;
      }
    });
  } catch {
    throw await withAllLogs(parts, replicas, failed.signal.reason);
  }
}

/** Says at once why a release fails: what comes after that, such as putting the old one back, may take its time. */
function tellFailure(error: unknown, { release, report }: RunOptions): void {
  if (release !== undefined && error instanceof NotReadyError) report({ kind: "warning", text: error.message });
}

/** A failure of one replica with the logs of those that were started with it. */
async function withAllLogs(
  { runtime }: RunnerParts,
  replicas: readonly ReplicaId[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof NotReadyError) || replicas.length === 1) return error;
  return new NotReadyError(error.message, {
    hint: error.hint,
    details: await logTail(runtime, replicas),
    cause: error,
  });
}

/** @returns whether anything was to be done */
async function setNamed({ runtime }: RunnerParts, id: ReplicaId, named: boolean): Promise<boolean> {
  const state = await runtime.inspect(id);
  if (state === undefined || state.named === named || (!named && !isRunning(state))) return false;
  await runtime.setNamed(id, named);
  return true;
}

async function stop({ runtime, store }: RunnerParts, id: ReplicaId): Promise<void> {
  const state = await runtime.inspect(id);
  if (state === undefined || state.status === "created") return;
  await runtime.stop(id, store.release(id.service, id.release)?.spec.stopGraceSeconds ?? 10);
}

/** Does all at once; when one fails, the others are waited for, so that nothing goes on behind the error. */
async function forEach(replicas: readonly ReplicaId[], action: (id: ReplicaId) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(replicas.map(action));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function releaseOf(store: ReleaseStore, { service, release }: { readonly service: string; readonly release: number }) {
  const found = store.release(service, release);
  if (found === undefined) throw new MyPaasError(`Cannot find release ${release} of "${service}" in the state`);
  return found;
}

function placeOf(release: Release, id: ReplicaId): ReplicaPlace {
  const place = release.places.find(({ n }) => n === id.n);
  if (place === undefined) throw new MyPaasError(`Cannot place ${replicaName(id)}: the state has no address for it`);
  return place;
}

/** One that waits to be started again does not: it is on no network, and no name leads to it. */
function isRunning(state: ReplicaState): boolean {
  return state.status === "running";
}
