import { type ReplicaId, replicaName } from "../service/names.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { diagnose } from "./diagnosis.ts";
import type { Probes, ReplicaState, Runtime } from "./runtime.ts";

/** Without a health check or a domain no event says "ready": a replica that ran this long without an exit is. */
const UNPROBED_READY_MS = 2000;
/** One probe never waits longer for an answer than this; a new one is sent while time is left. */
const PROBE_TIMEOUT_MS = 5000;
const LOG_TAIL_LINES = 20;

export interface ReadinessParts {
  readonly runtime: Pick<Runtime, "inspect" | "logs">;
  readonly probes: Pick<Probes, "httpStatus" | "listeners">;
  readonly now: () => Date;
}

/**
 * Waits until a started replica is ready (DESIGN 4.4): `healthy` where its image has a health check; else, with a
 * domain, one HTTP answer of any status from its port; else two seconds without an exit.
 *
 * @throws {NotReadyError} as soon as it exits, or when `startTimeoutSeconds` have passed, saying why
 */
export async function awaitReady(
  parts: ReadinessParts,
  { id, spec, ingressAddress }: {
    readonly id: ReplicaId;
    readonly spec: ServiceSpec;
    readonly ingressAddress: string | undefined;
  },
  signal?: AbortSignal,
): Promise<void> {
  const name = replicaName(id);
  let state: ReplicaState | undefined;
  let endedBefore: number | undefined;
  const check = async (waitSignal: AbortSignal) => {
    const found = await parts.runtime.inspect(id);
    endedBefore ??= found?.restartCount;
    // Of one that runs already only what happens from now on counts.
    state = found && { ...found, restartCount: found.restartCount - (endedBefore ?? 0) };
    if (state === undefined || state.error !== "" || hasEnded(state)) return "ended";
    if (state.health !== "none") return state.health === "healthy" && "ready";
    const host = spec.domains[0];
    if (host === undefined || ingressAddress === undefined) {
      return parts.now().getTime() - startOf(state, parts) >= UNPROBED_READY_MS && "ready";
    }
    const target = { address: ingressAddress, port: spec.port, host, path: "/" };
    return await parts.probes.httpStatus(target, PROBE_TIMEOUT_MS, waitSignal) !== undefined && "ready";
  };
  try {
    const timeoutMs = spec.startTimeoutSeconds * 1000;
    if (await waitUntil(check, { what: `${name} is ready`, timeoutMs, intervalMs: 50, signal }) === "ready") return;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  throw diagnose(name, await gather(parts, { id, spec }, state));
}

async function gather(
  parts: ReadinessParts,
  { id, spec }: { readonly id: ReplicaId; readonly spec: ServiceSpec },
  state: ReplicaState | undefined,
) {
  const alive = state !== undefined && !hasEnded(state);
  return {
    state,
    ranMs: state === undefined || alive ? undefined : Math.max(0, parts.now().getTime() - startOf(state, parts)),
    listeners: alive ? await parts.probes.listeners(state.pid) : [],
    port: spec.port,
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
