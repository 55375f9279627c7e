import { MyPaasError } from "./error.ts";

export interface WaitOptions {
  /** Completes the sentence "Cannot see that ..." when the time is over, such as `blog.7.1 answers`. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Pause between two looks at a state that has no event. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at a state until it is there, and returns it. The one door through which the product and its tests wait:
 * `check` returns `undefined` (or `false`) for "not yet", and what it throws ends the wait.
 *
 * @throws {TimeoutError} when `timeoutMs` have passed
 */
export async function waitUntil<T>(
  check: (signal: AbortSignal) => Promise<T | undefined | false> | T | undefined | false,
  { intervalMs = 50, ...limits }: WaitOptions,
): Promise<T> {
  using limit = new Limit(limits);
  while (true) {
    limit.signal.throwIfAborted();
    const state = await untilAborted(Promise.resolve(check(limit.signal)), limit.signal);
    if (state !== undefined && state !== false) return state;
    await pause(intervalMs, limit.signal);
  }
}

/**
 * Waits for an event that a promise stands for, at most `timeoutMs`.
 *
 * @throws {TimeoutError} when `timeoutMs` have passed
 */
export async function within<T>(event: Promise<T>, limits: Omit<WaitOptions, "intervalMs">): Promise<T> {
  using limit = new Limit(limits);
  return await untilAborted(event, limit.signal);
}

/**
 * A rest before something that has failed is tried again.
 *
 * @throws the signal's reason, as soon as it is aborted
 */
export async function rest(ms: number, signal?: AbortSignal): Promise<void> {
  await pause(ms, signal);
  signal?.throwIfAborted();
}

/**
 * A rhythm: 0 at once, then a number for every `intervalMs` since. Beats that come while the consumer is busy are left out,
 * so that a slow one is not followed by a burst. Ends, without an error, when the signal aborts.
 */
export async function* ticks(intervalMs: number, signal: AbortSignal): AsyncGenerator<number, void, void> {
  const begin = performance.now();
  for (let beat = 0; !signal.aborted;) {
    yield beat;
    if (signal.aborted) return;
    beat = Math.max(beat + 1, Math.ceil((performance.now() - begin) / intervalMs));
    await pause(begin + beat * intervalMs - performance.now(), signal);
  }
}

/** Does something when a time is over, unless it is disposed before. `AbortSignal.timeout` keeps its timer until then. */
export class Deadline implements Disposable {
  readonly #timer: ReturnType<typeof setTimeout>;
  #over = false;

  constructor(ms: number, act: () => void) {
    this.#timer = setTimeout(() => {
      this.#over = true;
      act();
    }, ms);
  }

  /** Whether the time was over before it was disposed. */
  get over(): boolean {
    return this.#over;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** The time of a wait was over. */
export class TimeoutError extends MyPaasError {
  override readonly name = "TimeoutError";
}

/**
 * What ends a wait: the time, or the caller's signal. `AbortSignal.timeout` and `AbortSignal.any` would do the same, but
 * they keep the timer until the time is over, however soon the wait ends.
 */
class Limit implements Disposable {
  readonly #ended = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #abort = () => this.#ended.abort(this.#outer?.reason);

  constructor({ what, timeoutMs, signal }: Omit<WaitOptions, "intervalMs">) {
    this.#outer = signal;
    this.#timer = setTimeout(() => {
      this.#ended.abort(new TimeoutError(`Cannot see that ${what}: waited ${timeoutMs / 1000} s`));
    }, timeoutMs);
    if (signal?.aborted) this.#abort();
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Aborted with what the wait is to throw. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done, { once: true });
  });
}
