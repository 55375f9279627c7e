import type { ReplicaState } from "../deploy/runtime.ts";
import type { ListedContainer } from "./container_requests.ts";

/**
 * Remembers what was seen of replicas that run. A list does not tell all of a container, and to look at each of 200 takes
 * Docker longer than whoever asks often may wait; but one that still is in the run in which it was looked at is the same.
 */
export class ReplicaGlances {
  readonly #look: (container: string) => Promise<ReplicaState | undefined>;
  #seen: ReadonlyMap<string, { readonly run: string; readonly state: ReplicaState }> = new Map();

  /** @param look gives the replica of a container; undefined when it is gone */
  constructor(look: (container: string) => Promise<ReplicaState | undefined>) {
    this.#look = look;
  }

  /** The replicas of all these containers. Of others nothing is remembered any more. */
  async of(listed: readonly ListedContainer[]): Promise<readonly ReplicaState[]> {
    const seen = new Map<string, { readonly run: string; readonly state: ReplicaState }>();
    const states = await Promise.all(listed.map(async ({ id, run }) => {
      const before = this.#seen.get(id);
      const state = run !== undefined && before?.run === run ? before.state : await this.#look(id);
      if (run !== undefined && state !== undefined) seen.set(id, { run, state });
      return state;
    }));
    this.#seen = seen;
    return states.filter((state) => state !== undefined);
  }
}
