import { messageOf } from "../error.ts";
import type { Log } from "../service/log.ts";
import { TimeoutError, waitUntil, within } from "../wait.ts";
import type { PauseLine } from "../wire/upgrade.ts";
import { aborted } from "./upgrade_pause.ts";
import type { Work } from "./work.ts";

/** Whoever asked may hang: after this time the services go on, and what was copied does not count. */
const LONGEST_STILL_MS = 5 * 60 * 1000;
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 24 * 60 * 60 * 1000;

/** Stops and continues the processes of services, without their noticing. `src/docker` implements it. */
export interface Pauses {
  pause(service: string): Promise<void>;
  /** @param service all of them when it is not given */
  resume(service?: string): Promise<void>;
}

export interface StandStillParts {
  readonly pauses: Pauses;
  readonly work: Pick<Work, "keep" | "behind">;
  readonly log: Log;
  /** For tests. */
  readonly longestMs?: number;
  readonly retryMs?: number;
}

/**
 * Lets services stand still while their volumes are copied: what goes on with them is waited for, no deploy begins, and
 * their processes are paused. Requests are not refused meanwhile: the kernel accepts the connections, and they wait. The
 * daemon does it, and not who copies, because it is still there when that was killed.
 */
export class StandStill {
  readonly #parts: StandStillParts;

  constructor(parts: StandStillParts) {
    this.#parts = parts;
  }

  /** Tells what it waits for, then that they stand still, which lasts until `signal`, or too long. */
  async *lines(services: readonly string[], signal: AbortSignal): AsyncGenerator<PauseLine, void, void> {
    const { pauses, work, log, longestMs = LONGEST_STILL_MS } = this.#parts;
    const ends: (() => void)[] = [];
    const all = [...new Set(services)].sort();
    try {
      // In one order, so that two who ask for the same do not wait for each other.
      for (const service of all) {
        const behind = work.behind(service);
        if (behind !== undefined) yield { kind: "waiting", waitsFor: [behind] };
        ends.push(await work.keep(service, "backup", signal));
      }
      await Promise.all(all.map((service) => pauses.pause(service)));
      yield { kind: "ready" };
      await within(aborted(signal), { what: `the copy of ${all.join(", ")} is done`, timeoutMs: longestMs });
    } catch (error) {
      if (!signal.aborted) log(`backup: ${messageOf(error)}`);
      if (!signal.aborted && !(error instanceof TimeoutError)) throw error;
    } finally {
      for (const service of ends.length < all.length ? [] : all) await this.#resume(service);
      for (const end of ends) end();
    }
  }

  /** Again and again where Docker is away: nothing else would let them go on. */
  async #resume(service: string): Promise<void> {
    const { pauses, log, retryMs = RETRY_MS } = this.#parts;
    await waitUntil(() =>
      pauses.resume(service).then(() => true, (error) => {
        log(`backup: ${messageOf(error)}`, { service });
        return false;
      }), { what: `${service} goes on`, timeoutMs: LONGEST_RETRY_MS, intervalMs: retryMs });
  }
}
