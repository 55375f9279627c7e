import type { Breaks, ReplicaEvent } from "../deploy/runtime.ts";
import type { DockerClient } from "./client.ts";
import { eventStream } from "./event_stream.ts";
import { replicaIdOf } from "./replica_state.ts";
import { type EngineEvent, replicaEvents } from "./system_requests.ts";

export interface WatchOptions extends Breaks {
  /** The server id. */
  readonly instance: string;
  /** Ends the watch, without an error. */
  readonly signal: AbortSignal;
}

/** What happens to the replicas of a server from now on (from this call, not from the first look at what it gives). */
export function watchReplicas(
  client: DockerClient,
  { instance, ...options }: WatchOptions,
): AsyncIterable<ReplicaEvent> {
  return known(eventStream(client, { ...options, request: (since) => replicaEvents(instance, since) }));
}

async function* known(events: AsyncIterable<EngineEvent>): AsyncGenerator<ReplicaEvent, void, undefined> {
  for await (const event of events) {
    const one = replicaEvent(event);
    if (one) yield one;
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
