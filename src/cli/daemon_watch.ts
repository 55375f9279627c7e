import type { Deploys } from "../daemon/deploys.ts";
import { Probation, type ProbationParts } from "../daemon/probation.ts";
import { Watch, type WatchParts } from "../daemon/watch.ts";
import type { Release, ReleaseStore } from "../deploy/store.ts";
import { messageOf } from "../error.ts";

export interface WatchGround
  extends Omit<WatchParts, "repair" | "onTrouble" | "store">, Pick<ProbationParts, "probationMs" | "unhealthyMs"> {
  readonly store: ReleaseStore;
}

/** What follows the live releases from the moment they are live. */
export interface LiveWatch {
  readonly probation: Probation;
  /** For `Deploys`. */
  readonly onLive: (release: Release) => void;
  /** Watches until the signal is aborted; call it when the server has converged. */
  readonly run: () => Promise<void>;
}

/** Joins watch and probation to the deploys, which are made after them. */
export function watchLive(ground: WatchGround, deploys: () => Deploys, signal: AbortSignal): LiveWatch {
  const probation = new Probation({
    ...ground,
    redeploy: async (service, change, by) => {
      const deploy = await deploys().redeploy(service, change, { by });
      for await (const event of deploy.log.follow(0, signal)) {
        if (event.kind === "live") return undefined;
        if (event.kind === "failed") return event.error.message;
      }
      return "the daemon ends";
    },
  }, signal);
  const watch = new Watch({
    ...ground,
    repair: (service) => deploys().work.retry(service),
    onTrouble: (id, state) => probation.trouble(id, state),
  }, signal);
  return {
    probation,
    onLive: (release) => probation.begin(release),
    run: async () => {
      probation.resume();
      try {
        await watch.run();
      } catch (error) {
        if (!signal.aborted) ground.log(`watch: ${messageOf(error)}`);
      }
    },
  };
}
