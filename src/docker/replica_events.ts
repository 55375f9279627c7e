import type { ReplicaEvent } from "../deploy/runtime.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import { EngineError } from "./engine_error.ts";
import { replicaIdOf } from "./replica_state.ts";
import { type EngineEvent, replicaEvents } from "./system_requests.ts";

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface WatchOptions {
  /** The server id. */
  readonly instance: string;
  /** Ends the watch, without an error. */
  readonly signal: AbortSignal;
  /** Called when Docker answers again after a break: events may be missing, or come a second time. */
  readonly onGap?: (() => void) | undefined;
}

/** What happens to the replicas of a server from now on (from this call, not from the first look at what it gives). */
export function watchReplicas(client: DockerClient, options: WatchOptions): AsyncIterable<ReplicaEvent> {
  return watchSince(client, options, Date.now());
}

async function* watchSince(
  client: DockerClient,
  { instance, signal, onGap }: WatchOptions,
  startMs: number,
): AsyncGenerator<ReplicaEvent, void, undefined> {
  let sinceMs = startMs;
  while (!signal.aborted) {
    const triedAt = Date.now();
    try {
      for await (const event of client.stream(replicaEvents(instance, (sinceMs / 1000).toFixed(3)), signal)) {
        sinceMs = Math.floor(event.timeNano / 1e6);
        const known = replicaEvent(event);
        if (known) yield known;
      }
    } catch (error) {
      if (!signal.aborted && !isOutage(error)) throw error;
    }
    try {
      await untilAnswers(client, { signal, notBefore: triedAt + SHORTEST_PAUSE_MS });
    } catch (error) {
      if (!signal.aborted) throw error;
      return;
    }
    onGap?.();
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof EngineError && (error.status === 0 || error.status >= 500);
}

/** Asks again and again, less and less often, until Docker answers. */
async function untilAnswers(
  client: DockerClient,
  { signal, notBefore }: { readonly signal: AbortSignal; readonly notBefore: number },
): Promise<void> {
  const check = async (wait: AbortSignal) => Date.now() >= notBefore && await client.answers(wait);
  for (let intervalMs = SHORTEST_PAUSE_MS;; intervalMs = Math.min(2 * intervalMs, LONGEST_PAUSE_MS)) {
    try {
      await waitUntil(check, { what: "Docker answers", timeoutMs: 10 * intervalMs, intervalMs, signal });
      return;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

function replicaEvent({ Action, Actor }: EngineEvent): ReplicaEvent | undefined {
  const id = replicaIdOf(Actor.Attributes);
  const kind = kindOf(Action);
  return id && kind && { id, kind };
}

/** `health_status: healthy` carries its result behind a colon. */
function kindOf(action: string): ReplicaEvent["kind"] | undefined {
  if (action === "start" || action === "die" || action === "destroy") return action;
  return action.startsWith("health_status") ? "health" : undefined;
}
