import { type ReplicaId, replicaName } from "../service/names.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { diagnose, type Probed } from "./diagnosis.ts";
import type { Probes, ReplicaState, Runtime } from "./runtime.ts";

/** Without a health check or a domain no event says "ready": a replica that ran this long without an exit is. */
const UNPROBED_READY_MS = 2000;
/** One probe never waits longer for an answer than this; a new one is sent while time is left. */
const PROBE_TIMEOUT_MS = 5000;
/** A starting replica is asked at least this often, whatever the health check's interval is. */
const LONGEST_INTERVAL_MS = 1000;
/** One that does not even accept a connection is asked again soon. */
const DEAF_INTERVAL_MS = 100;
const LOG_TAIL_LINES = 20;
/** The exit code of a process that SIGKILL ended. */
const SIGKILLED = 137;

export interface ReadinessParts {
  readonly runtime: Pick<Runtime, "inspect" | "logs">;
  readonly probes: Pick<Probes, "httpStatus" | "listeners" | "oomKills">;
  readonly now: () => Date;
}

/**
 * Waits until a started replica is ready (DESIGN 4.4): `healthy` where its image has a health check, and 2xx or 3xx for
 * the path of `mypaas.healthcheck` where there is one; with neither, one HTTP answer of any status from its port if it has
 * a domain; else two seconds without an exit.
 *
 * @throws {NotReadyError} as soon as it exits, or when `startTimeoutSeconds` have passed, saying why
 */
export async function awaitReady(
  parts: ReadinessParts,
  { id, spec, ingressAddress, oomKillsBefore }: {
    readonly id: ReplicaId;
    readonly spec: ServiceSpec;
    readonly ingressAddress: string | undefined;
    /** What `oomKills` said before it was started. */
    readonly oomKillsBefore: number;
  },
  signal?: AbortSignal,
): Promise<void> {
  const name = replicaName(id);
  const probe = probeOf(spec);
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
    if (state.health !== "none") {
      if (state.health !== "healthy") return false;
      if (spec.healthcheck === undefined) return "ready";
    }
    const now = performance.now();
    const address = ingressAddress ?? state.internalAddress;
    if (probe === undefined || address === undefined) {
      // The clock of the day may be put back meanwhile; what was seen to run for that long did.
      const ran = Math.max(parts.now().getTime() - startOf(state, parts), now - begin);
      return ran >= UNPROBED_READY_MS && "ready";
    }
    if (now < nextProbe) return false;
    const target = { address, port: spec.port, host: probe.host, path: probe.path };
    const status = await parts.probes.httpStatus(target, probe.timeoutMs, waitSignal);
    // A probe that was cut off because the time is over says nothing new.
    if (status !== undefined || !waitSignal.aborted) probed = { path: probe.path, status };
    // Who does not listen yet is not troubled by the question; the answer of one that does is waited for.
    const pause = status === undefined ? Math.min(probe.intervalMs, DEAF_INTERVAL_MS) : probe.intervalMs;
    nextProbe = now + pause;
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
) {
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
    log: state === undefined ? [] : await logTail(parts, id),
  };
}

async function logTail(parts: ReadinessParts, id: ReplicaId): Promise<readonly string[]> {
  const lines: string[] = [];
  const query = { follow: false, tail: LOG_TAIL_LINES };
  for await (const line of parts.runtime.logs(id, query, AbortSignal.timeout(5000))) lines.push(line.text);
  return lines;
}

function hasEnded(state: ReplicaState): boolean {
  return state.status === "exited" || state.status === "restarting" || state.restartCount > 0;
}

function startOf(state: ReplicaState, parts: ReadinessParts): number {
  return state.startedAt === undefined ? parts.now().getTime() : Date.parse(state.startedAt);
}
