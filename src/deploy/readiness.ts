import { type ReplicaId, replicaName } from "../service/names.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { diagnose, type Evidence, type Probed, suspicion } from "./diagnosis.ts";
import { logTail } from "./log_tail.ts";
import type { Probes, ReplicaState, Runtime } from "./runtime.ts";

/** Without a health check or a domain no event says "ready": a replica that ran this long without an exit is. */
const UNPROBED_READY_MS = 2000;
/** One probe never waits longer for an answer than this; a new one is sent while time is left. */
const PROBE_TIMEOUT_MS = 5000;
/** A starting replica is asked at least this often, whatever the health check's interval is. */
const LONGEST_INTERVAL_MS = 1000;
/** One that does not even accept a connection is asked again soon. */
const DEAF_INTERVAL_MS = 100;
/** How often it is looked whether a replica has ended while a probe waits for its answer. */
const LOOK_INTERVAL_MS = 100;
/** What seems wrong with a replica that is not ready is told after this time, not only at the end. */
const SUSPICION_MS = 5000;
/** The exit code of a process that SIGKILL ended. */
const SIGKILLED = 137;

export interface ReadinessParts {
  readonly runtime: Pick<Runtime, "inspect" | "logs">;
  readonly probes: Pick<Probes, "httpStatus" | "listeners" | "oomKills">;
  readonly now: () => Date;
}

/**
 * Waits until a started replica is ready (README, "How a deploy works"): `healthy` where its image has a health check, and
 * 2xx or 3xx for the path of `mypaas.healthcheck` where there is one; with neither, one HTTP answer of any status from its port if it has
 * a domain; else two seconds without an exit.
 *
 * @throws {NotReadyError} as soon as it exits, or when `startTimeoutSeconds` have passed, saying why
 */
export async function awaitReady(
  parts: ReadinessParts,
  { id, spec, ingressAddress, oomKillsBefore, warn }: {
    readonly id: ReplicaId;
    readonly spec: ServiceSpec;
    readonly ingressAddress: string | undefined;
    /** What `oomKills` said before it was started. */
    readonly oomKillsBefore: number;
    /** Told once, in a sentence, when it seems that the wait leads nowhere. */
    readonly warn?: (text: string) => void;
  },
  signal?: AbortSignal,
): Promise<void> {
  const name = replicaName(id);
  const probe = probeOf(spec);
  const suspectFrom = warn === undefined ? Infinity : parts.now().getTime() + SUSPICION_MS;
  let suspected = false;
  let state: ReplicaState | undefined;
  let endedBefore: number | undefined;
  let probed: Probed | undefined;
  const begin = performance.now();
  let nextProbe = 0;
  const check = async (waitSignal: AbortSignal) => {
    const found = await parts.runtime.inspect(id);
    endedBefore ??= found?.restartCount;
    // Of one that runs already only what happens from now on counts.
    state = found && { ...found, restartCount: found.restartCount - (endedBefore ?? 0) };
    if (state === undefined || state.error !== "" || hasEnded(state)) return "ended";
    const now = parts.now().getTime();
    if (now >= suspectFrom && !suspected) {
      suspected = true;
      const text = suspicion(name, await gather(parts, { id, spec, probed, oomKillsBefore }, state));
      if (text !== undefined) warn?.(text);
    }
    if (state.health !== "none") {
      if (state.health !== "healthy") return false;
      if (spec.healthcheck === undefined) return "ready";
    }
    const address = ingressAddress ?? state.internalAddress;
    if (probe === undefined || address === undefined) {
      // The clock of the day may be put back meanwhile; what was seen to run for that long did.
      const ran = Math.max(now - startOf(state, parts), performance.now() - begin);
      return ran >= UNPROBED_READY_MS && "ready";
    }
    if (performance.now() < nextProbe) return false;
    const asked = performance.now();
    const target = { address, port: spec.port, host: probe.host, path: probe.path };
    using alive = new Alive(parts.runtime, id, waitSignal);
    const status = await parts.probes.httpStatus(target, probe.timeoutMs, alive.signal);
    // A probe that was cut off says nothing new.
    if (status !== undefined || !alive.signal.aborted) probed = { path: probe.path, status };
    // Who does not listen yet is not troubled by the question; the answer of one that does is waited for.
    const pause = status === undefined ? Math.min(probe.intervalMs, DEAF_INTERVAL_MS) : probe.intervalMs;
    nextProbe = asked + pause;
    return status !== undefined && probe.accepts(status) && "ready";
  };
  try {
    const timeoutMs = spec.startTimeoutSeconds * 1000;
    if (await waitUntil(check, { what: `${name} is ready`, timeoutMs, intervalMs: 50, signal }) === "ready") return;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  throw diagnose(name, await gather(parts, { id, spec, probed, oomKillsBefore }, state));
}

/**
 * A signal that aborts when a replica ends, looked at while a probe waits: an answer from an address that nobody has any
 * more may take the whole time of the probe to fail.
 */
class Alive implements Disposable {
  readonly #over = new AbortController();
  readonly signal: AbortSignal;

  constructor(runtime: Pick<Runtime, "inspect">, id: ReplicaId, outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#over.signal]);
    let begun = false;
    waitUntil(async () => {
      if (!begun) {
        begun = true;
        return false;
      }
      const state = await runtime.inspect(id);
      return state === undefined || state.status === "exited" || state.status === "restarting";
    }, {
      what: `${replicaName(id)} has ended`,
      timeoutMs: PROBE_TIMEOUT_MS,
      intervalMs: LOOK_INTERVAL_MS,
      signal: this.signal,
    }).then(() => this.#over.abort(), () => {});
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}

interface Probe {
  readonly host: string;
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly accepts: (status: number) => boolean;
}

/** What a replica is asked; undefined when nobody knows of a request that it answers. */
function probeOf({ name, sites, healthcheck }: ServiceSpec): Probe | undefined {
  const domain = sites[0]?.domain;
  if (healthcheck !== undefined) {
    return {
      host: domain ?? name,
      path: healthcheck.path,
      intervalMs: Math.min(healthcheck.intervalMs, LONGEST_INTERVAL_MS),
      timeoutMs: healthcheck.timeoutMs,
      accepts: (status) => status >= 200 && status < 400,
    };
  }
  if (domain === undefined) return undefined;
  return { host: domain, path: "/", intervalMs: 0, timeoutMs: PROBE_TIMEOUT_MS, accepts: () => true };
}

async function gather(
  parts: ReadinessParts,
  { id, spec, probed, oomKillsBefore }: {
    readonly id: ReplicaId;
    readonly spec: ServiceSpec;
    readonly probed: Probed | undefined;
    readonly oomKillsBefore: number;
  },
  state: ReplicaState | undefined,
): Promise<Evidence> {
  const alive = state !== undefined && !hasEnded(state);
  const killed = state?.exitCode === SIGKILLED && await parts.probes.oomKills() > oomKillsBefore;
  return {
    state: state && killed ? { ...state, oomKilled: true } : state,
    ranMs: state === undefined || alive ? undefined : Math.max(0, parts.now().getTime() - startOf(state, parts)),
    listeners: alive ? await parts.probes.listeners(state.pid) : [],
    port: spec.port,
    probed: spec.healthcheck && probed,
    maxMemoryBytes: spec.maxMemoryBytes,
    startTimeoutSeconds: spec.startTimeoutSeconds,
    log: state === undefined ? [] : await logTail(parts.runtime, [id]),
  };
}

function hasEnded(state: ReplicaState): boolean {
  return state.status === "exited" || state.status === "restarting" || state.restartCount > 0;
}

function startOf(state: ReplicaState, parts: ReadinessParts): number {
  return state.startedAt === undefined ? parts.now().getTime() : Date.parse(state.startedAt);
}
