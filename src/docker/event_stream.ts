import type { Breaks } from "../deploy/runtime.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import { EngineError } from "./engine_error.ts";
import type { DockerStream } from "./request.ts";
import type { EngineEvent } from "./system_requests.ts";

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface EventStreamOptions extends Breaks {
  /** Ends the stream, without an error. */
  readonly signal: AbortSignal;
  /** The call for the events since a time, in seconds since 1970 by the Engine's clock. */
  readonly request: (since: string) => DockerStream<EngineEvent>;
}

/** Events from now on (from this call, not from the first look at what it gives), however often Docker goes away meanwhile. */
export function eventStream(client: DockerClient, options: EventStreamOptions): AsyncIterable<EngineEvent> {
  return eventsSince(client, options, Date.now());
}

async function* eventsSince(
  client: DockerClient,
  { request, signal, onBreak, onGap }: EventStreamOptions,
  startMs: number,
): AsyncGenerator<EngineEvent, void, undefined> {
  let sinceMs = startMs;
  while (!signal.aborted) {
    const triedAt = performance.now();
    try {
      for await (const event of client.stream(request((sinceMs / 1000).toFixed(3)), signal)) {
        sinceMs = Math.floor(event.timeNano / 1e6);
        yield event;
      }
    } catch (error) {
      if (!signal.aborted && !isOutage(error)) throw error;
    }
    try {
      await untilAnswers(client, { signal, onBreak, notBefore: triedAt + SHORTEST_PAUSE_MS });
    } catch (error) {
      if (!signal.aborted) throw error;
      return;
    }
    onGap?.();
  }
}

/** An Engine that is killed ends in the middle of a line. */
function isOutage(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof EngineError && (error.status === 0 || error.status >= 500);
}

/**
 * Asks again and again, less and less often, until Docker answers.
 *
 * @param options `notBefore` by `performance.now()`: the clock of the day may be put back meanwhile
 */
async function untilAnswers(
  client: DockerClient,
  { signal, notBefore, onBreak }: Pick<EventStreamOptions, "signal" | "onBreak"> & { readonly notBefore: number },
): Promise<void> {
  let told = false;
  const check = async (wait: AbortSignal) => {
    if (performance.now() < notBefore) return false;
    if (await client.answers(wait)) return true;
    if (!told) onBreak?.();
    told = true;
    return false;
  };
  for (let intervalMs = SHORTEST_PAUSE_MS;; intervalMs = Math.min(2 * intervalMs, LONGEST_PAUSE_MS)) {
    try {
      await waitUntil(check, { what: "Docker answers", timeoutMs: 10 * intervalMs, intervalMs, signal });
      return;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}
