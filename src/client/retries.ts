import { rest } from "../wait.ts";
import { BrokenConnection } from "./connection.ts";

/** The first rest before a request is sent again, in milliseconds; each further one is twice as long, ... */
const FIRST_REST_MS = 100;
/** ... up to this. */
const MOST_REST_MS = 5000;
/** For so long nothing may get through, in milliseconds: a machine may start anew meanwhile. */
const OUT_OF_REACH_MS = 120_000;
/** For so long when the server has never answered: there may be something else at its address. */
const NEVER_REACHED_MS = 10_000;

export interface RetriesOptions {
  /** Milliseconds of a clock. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection broke and something is sent again, once until something got through. */
  readonly onRetry: (error: BrokenConnection) => void;
  /** Stands for `rest()`; for tests. */
  readonly rest?: typeof rest;
}

/**
 * Lets a push go on when its connection breaks, whatever part of it notices: requests are sent again after a rest, a longer
 * one each time. A server that does not answer at all is not waited for, and what it refuses is refused.
 */
export class Retries {
  readonly #options: RetriesOptions;
  #reached = false;
  #brokenSince: number | undefined;
  #failures = 0;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** Whether the server has answered. */
  get reached(): boolean {
    return this.#reached;
  }

  /**
   * Sends a request, again and again until the server answers.
   *
   * @param broken the failure of what this request is to go on from; it begins with a rest then
   * @throws {BrokenConnection} when nothing is there, or nothing got through for two minutes
   */
  async run<T>(request: () => Promise<T>, broken?: unknown): Promise<T> {
    let failure = broken;
    while (true) {
      if (failure !== undefined) await this.#restAfter(failure);
      try {
        const answer = await request();
        this.#reached = true;
        if (broken === undefined && failure !== undefined) this.arrived();
        return answer;
      } catch (error) {
        failure = error;
      }
    }
  }

  /** Notes that something got through: what fails from now on is new. */
  arrived(): void {
    this.#reached = true;
    this.#brokenSince = undefined;
    this.#failures = 0;
  }

  async #restAfter(failure: unknown): Promise<void> {
    const { now, signal, onRetry } = this.#options;
    signal?.throwIfAborted();
    if (!(failure instanceof BrokenConnection)) throw failure;
    if (!this.#reached && !failure.cutOff) throw failure;
    if (this.#brokenSince === undefined) {
      this.#brokenSince = now();
      onRetry(failure);
    } else if (now() - this.#brokenSince > (this.#reached ? OUT_OF_REACH_MS : NEVER_REACHED_MS)) {
      throw failure;
    }
    const longest = Math.min(MOST_REST_MS, FIRST_REST_MS * 2 ** this.#failures++);
    // Not all who were cut off at the same moment come back at the same moment.
    await (this.#options.rest ?? rest)(longest * (0.5 + Math.random() / 2), signal);
  }
}
