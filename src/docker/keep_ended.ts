import { TimeoutError, waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import { type ContainerRef, setRestartPolicy } from "./container_requests.ts";
import { EngineError, unlessStatus } from "./engine_error.ts";

/** A container that ends by itself has ended by then. */
const ENDED_TIMEOUT_MS = 10_000;

/**
 * Keeps a container from being started again when it ends. Docker refuses this of one that ends by itself at that moment:
 * it is asked again until that is over.
 */
export async function keepEnded(client: DockerClient, found: ContainerRef): Promise<void> {
  let refusal: unknown;
  const keep = async () => {
    try {
      await unlessStatus([404], client.run(setRestartPolicy(found, false)));
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== 500) throw error;
      refusal = error;
      return false;
    }
  };
  try {
    await waitUntil(keep, { what: `"${found.name}" may be told to stay ended`, timeoutMs: ENDED_TIMEOUT_MS });
  } catch (error) {
    throw error instanceof TimeoutError ? refusal ?? error : error;
  }
}
