import type { ReplicaState, Runtime } from "../deploy/runtime.ts";
import type { Release, ReleaseStore } from "../deploy/store.ts";
import { messageOf } from "../error.ts";
import type { Log } from "../service/log.ts";
import { type ReplicaId, replicaName } from "../service/names.ts";
import { TimeoutError, waitUntil, within } from "../wait.ts";
import type { VerdictAnswer } from "../wire/verdict.ts";
import type { Redeploy } from "./asked.ts";

/** How long a new release is on probation. */
const PROBATION_MS = 60_000;
/** Ends of one replica that are too many. */
const TOO_MANY_ENDS = 2;
/** How long a replica may be unhealthy. */
const UNHEALTHY_MS = 10_000;
/** Who takes a release back, in the history. */
const DAEMON = "mypaas";

export interface ProbationParts {
  readonly store: Pick<ReleaseStore, "live" | "allLive" | "releases" | "release" | "setError">;
  readonly runtime: Pick<Runtime, "inspect">;
  /** Deploys an earlier release again, and tells how that ended: undefined when it is live, else why not. */
  readonly redeploy: (service: string, change: Redeploy, by: string) => Promise<string | undefined>;
  readonly now: () => Date;
  readonly log: Log;
  /** In milliseconds; for tests. */
  readonly probationMs?: number;
  readonly unhealthyMs?: number;
}

interface Trial {
  readonly release: Release;
  readonly ends: Map<string, number>;
  readonly verdict: PromiseWithResolvers<VerdictAnswer>;
  decided: boolean;
}

/**
 * The minute after a commit: a release of which a container ends twice, or stays unhealthy, is taken back by itself: the
 * release before it is deployed again. What is taken back to is not tried a second time.
 */
export class Probation {
  readonly #parts: ProbationParts;
  readonly #signal: AbortSignal;
  readonly #trials = new Map<string, Trial>();

  constructor(parts: ProbationParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Puts a release that has just become live on probation. */
  begin(release: Release): void {
    this.#begin(release, this.#parts.probationMs ?? PROBATION_MS);
  }

  /** Goes on after a restart of the daemon with what is left of each minute. */
  resume(): void {
    for (const release of this.#parts.store.allLive()) {
      const since = release.endedAt === undefined ? NaN : Date.parse(release.endedAt);
      const whole = this.#parts.probationMs ?? PROBATION_MS;
      const left = since + whole - this.#parts.now().getTime();
      // A clock that was put back makes no minute longer.
      if (left > 0) this.#begin(release, Math.min(left, whole));
    }
  }

  /** How the probation of a release ends; at once when it is over. */
  async verdict(service: string, number: number): Promise<VerdictAnswer> {
    const trial = this.#trials.get(service);
    if (trial?.release.number === number) return await trial.verdict.promise;
    const release = this.#parts.store.release(service, number);
    if (release?.status === "live") return { kind: "kept" };
    if (release?.error === undefined) return { kind: "replaced" };
    return { kind: "taken-back", because: release.error, by: this.#parts.store.live(service)?.number };
  }

  /** A replica ended by itself, or is unhealthy. */
  trouble(id: ReplicaId, state: ReplicaState): void {
    const trial = this.#trials.get(id.service);
    if (trial === undefined || trial.decided || trial.release.number !== id.release) return;
    const name = replicaName(id);
    if (state.health === "unhealthy" && state.status === "running") {
      this.#whileUnhealthy(trial, id).catch((error) => this.#failed(name, error));
      return;
    }
    const ends = (trial.ends.get(name) ?? 0) + 1;
    trial.ends.set(name, ends);
    if (ends < TOO_MANY_ENDS) return;
    const because = state.oomKilled
      ? `${name} ran out of memory twice`
      : `${name} ended twice, the last time with exit code ${state.exitCode}`;
    this.#takeBack(trial, because).catch((error) => this.#failed(name, error));
  }

  #begin(release: Release, ms: number): void {
    const { service } = release;
    // One that is being taken back is replaced by what it is taken back to, and tells that itself.
    if (this.#trials.get(service)?.decided === true) this.#trials.delete(service);
    else this.#end(service, { kind: "replaced" });
    if (release.origin.kind === "rollback" && release.origin.because !== undefined) return;
    const trial: Trial = { release, ends: new Map(), verdict: Promise.withResolvers<VerdictAnswer>(), decided: false };
    this.#trials.set(service, trial);
    const over = within(trial.verdict.promise, { what: "the probation is over", timeoutMs: ms, signal: this.#signal });
    over.catch((error) => {
      if (error instanceof TimeoutError && !trial.decided) this.#end(service, { kind: "kept" });
    });
  }

  #end(service: string, verdict: VerdictAnswer): void {
    this.#trials.get(service)?.verdict.resolve(verdict);
    this.#trials.delete(service);
  }

  async #whileUnhealthy(trial: Trial, id: ReplicaId): Promise<void> {
    let output = "";
    try {
      await waitUntil(async () => {
        const state = await this.#parts.runtime.inspect(id);
        output = state?.healthOutput.trim() ?? "";
        return state?.health !== "unhealthy";
      }, {
        what: `${replicaName(id)} is well again`,
        timeoutMs: this.#parts.unhealthyMs ?? UNHEALTHY_MS,
        intervalMs: 200,
        signal: this.#signal,
      });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      const said = output === "" ? "" : `: ${JSON.stringify(output.slice(-200))}`;
      await this.#takeBack(trial, `${replicaName(id)} is unhealthy${said}`);
    }
  }

  async #takeBack(trial: Trial, because: string): Promise<void> {
    const { store, log } = this.#parts;
    const { service, number } = trial.release;
    const about = { service, release: number };
    if (trial.decided || store.live(service)?.number !== number) return;
    trial.decided = true;
    const all = store.releases(service, Number.MAX_SAFE_INTEGER);
    const before = all.find((release) => release.status === "retired" && release.number < number);
    if (before === undefined) {
      log(`${service}.${number} should be taken back, but no release was live before it: ${because}`, about);
      this.#end(service, { kind: "taken-back", because: `${because}; no release was live before`, by: undefined });
      return;
    }
    log(`${service}.${number} is taken back: ${because}`, about);
    store.setError(service, number, because);
    const change = { origin: { kind: "rollback", of: before.number, because } } as const;
    // Who waits for the verdict is told also when nothing could be begun, such as for an image that is gone.
    const failure = await this.#parts.redeploy(service, change, DAEMON).catch(messageOf);
    if (failure !== undefined) log(`${service}: release ${before.number} could not be brought back: ${failure}`, about);
    const by = failure === undefined ? store.live(service)?.number : undefined;
    trial.verdict.resolve({ kind: "taken-back", because, by });
    if (this.#trials.get(service) === trial) this.#trials.delete(service);
  }

  #failed(name: string, error: unknown): void {
    if (!this.#signal.aborted) this.#parts.log(`probation of ${name}: ${messageOf(error)}`);
  }
}
