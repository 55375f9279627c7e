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
  { what, timeoutMs, intervalMs = 50, signal }: WaitOptions,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([timeout, signal]) : timeout;
  while (true) {
    signal?.throwIfAborted();
    const state = await untilAborted(
      Promise.resolve(check(either)),
      either,
      () => timeoutOrReason(what, timeoutMs, signal),
    );
    if (state !== undefined && state !== false) return state;
    if (either.aborted) throw timeoutOrReason(what, timeoutMs, signal);
    await pause(intervalMs, either);
  }
}

/**
 * Waits for an event that a promise stands for, at most `timeoutMs`.
 *
 * @throws {TimeoutError} when `timeoutMs` have passed
 */
export function within<T>(event: Promise<T>, { what, timeoutMs, signal }: Omit<WaitOptions, "intervalMs">): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([timeout, signal]) : timeout;
  return untilAborted(event, either, () => timeoutOrReason(what, timeoutMs, signal));
}

/** The time of a wait was over. */
export class TimeoutError extends MyPaasError {
  override readonly name = "TimeoutError";
}

function timeoutOrReason(what: string, timeoutMs: number, signal: AbortSignal | undefined): unknown {
  return signal?.aborted ? signal.reason : new TimeoutError(`Cannot see that ${what}: waited ${timeoutMs / 1000} s`);
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, reason: () => unknown): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(reason());
  }
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(reason());
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
