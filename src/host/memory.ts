import { waitUntil } from "../wait.ts";

/** So long nothing must have been done before memory is given back, in milliseconds. */
const QUIET_MS = 2000;
const ROUNDS = 2;
/** A server that is never quiet for that long is looked at again after the next piece of work. */
const NEVER_QUIET_MS = 10 * 60 * 1000;

/**
 * Whether the runtime collects its garbage and trims its heap on SIGUSR2, which saves 5 to 15 MB after a push. Without
 * that variable the signal would end the process.
 */
export function trimsMemory(): boolean {
  return Deno.env.has("DENO_USR2_MEMORY_TRIM");
}

/** Gives memory that is not used back to the system, soon, if `trimsMemory`. */
export function trimMemory(): void {
  if (trimsMemory()) Deno.kill(Deno.pid, "SIGUSR2");
}

/**
 * Makes a function to be called after each piece of work; `action` runs when none came for two seconds, and once more two
 * seconds later: what the first collection found unused is freed behind it, and only then can be given back.
 *
 * @param signal ends the waiting
 */
export function whenQuiet(action: () => void, signal: AbortSignal): () => void {
  let last = 0;
  let rounds = 0;
  let waiting = false;
  return () => {
    last = performance.now();
    rounds = 0;
    if (waiting) return;
    waiting = true;
    waitUntil(() => {
      if (performance.now() - last >= QUIET_MS * (rounds + 1)) {
        action();
        rounds++;
      }
      return rounds === ROUNDS;
    }, { what: "the daemon is quiet", timeoutMs: NEVER_QUIET_MS, intervalMs: QUIET_MS / 4, signal })
      .catch(() => {})
      .finally(() => {
        waiting = false;
      });
  };
}
