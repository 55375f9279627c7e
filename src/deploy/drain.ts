import { TimeoutError, waitUntil } from "../wait.ts";
import type { Probes } from "./runtime.ts";

/** So long nobody must have been connected before a replica counts as drained, looked at this often. */
const QUIET_MS = 80;
const LOOK_INTERVAL_MS = 40;

export interface DrainTarget {
  /** Completes "... has no request". */
  readonly name: string;
  /** Process id on the host; 0 when it does not run. */
  readonly pid: number;
  readonly port: number;
}

/**
 * Waits until a replica, which gets no new request, has finished those it has: until nobody is connected to its port.
 * Traefik keeps an idle connection one second only, so a connection that stays is a request.
 *
 * @returns how many connections were left when the time was over; 0 when it drained
 */
export async function drain(
  probes: Pick<Probes, "establishedConnections">,
  target: DrainTarget,
  { timeoutMs, quietMs = QUIET_MS, signal }: {
    readonly timeoutMs: number;
    /** How long nobody must have been connected. */
    readonly quietMs?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number> {
  if (target.pid === 0) return 0;
  let quiet = 0;
  let left = 0;
  try {
    await waitUntil(async () => {
      left = await probes.establishedConnections(target.pid, target.port);
      quiet = left === 0 ? quiet + 1 : 0;
      return quiet > quietMs / LOOK_INTERVAL_MS;
    }, { what: `${target.name} has no request`, timeoutMs, intervalMs: LOOK_INTERVAL_MS, signal });
    return 0;
  } catch (error) {
    if (error instanceof TimeoutError) return left;
    throw error;
  }
}
