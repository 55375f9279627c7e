import { MyPaasError } from "../error.ts";
import { waitUntil } from "../wait.ts";
import type { PauseLine } from "../wire/upgrade.ts";

/** How long an upgrade may wait for what goes on; whoever waits may end it sooner. */
const LONGEST_WAIT_MS = 60 * 60 * 1000;

/**
 * Lets an upgrade replace the daemon without interrupting anybody: what goes on is waited for, and nothing new begins
 * until the upgrade is over, or gone.
 */
export class UpgradePause {
  readonly #underWay: () => readonly string[];
  readonly #entering = new Set<{ readonly what: string }>();
  #pauses = 0;

  /** @param underWay names the work that was accepted and is not done */
  constructor(underWay: () => readonly string[]) {
    this.#underWay = underWay;
  }

  /**
   * Takes a change on, such as `deploy of "blog"`; `accept` puts it where `underWay` tells of it.
   *
   * @throws {MyPaasError} when the server is being upgraded; then `accept` is not called
   */
  async enter<T>(what: string, accept: () => Promise<T> | T): Promise<T> {
    if (this.#pauses > 0) {
      throw new MyPaasError(`Cannot begin the ${what}: this server is being upgraded`, {
        hint: "Try again in a minute.",
      });
    }
    const entry = { what };
    this.#entering.add(entry);
    try {
      return await accept();
    } finally {
      this.#entering.delete(entry);
    }
  }

  /** Begins a pause: tells what it waits for each time that changes, then that it is ready, and lasts until `signal`. */
  async *lines(signal: AbortSignal): AsyncGenerator<PauseLine> {
    this.#pauses++;
    try {
      let told = "";
      while (true) {
        const waitsFor = await waitUntil(() => {
          const now = this.#busy();
          return now.length === 0 || now.join("\n") !== told ? now : undefined;
        }, { what: "all work is done", timeoutMs: LONGEST_WAIT_MS, signal });
        if (waitsFor.length === 0) break;
        told = waitsFor.join("\n");
        yield { kind: "waiting", waitsFor };
      }
      yield { kind: "ready" };
      await aborted(signal);
    } finally {
      this.#pauses--;
    }
  }

  #busy(): readonly string[] {
    return [...this.#underWay(), ...[...this.#entering].map(({ what }) => `the ${what}`)];
  }
}

/** Fulfilled when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
