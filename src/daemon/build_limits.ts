import { BuildError } from "../error.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { type BuildSpace, checkBuildDisk } from "./build_disk.ts";

/** How often the disk is looked at while a build runs: a step may fill it long after its files were sent. */
const LOOK_INTERVAL_MS = 2000;

/**
 * Runs a build, which ends when it takes too long or the disk gets full.
 *
 * @throws {MyPaasError} which of the two it was; otherwise what the build threw
 */
export async function withinLimits<T>(
  build: (signal: AbortSignal) => Promise<T>,
  { space, timeoutMs, cannot, signal }: {
    readonly space: BuildSpace;
    readonly timeoutMs: number;
    /** Begins the sentence, such as `Cannot build "blog"`. */
    readonly cannot: string;
    /** Whoever ends the build for another reason. */
    readonly signal: AbortSignal;
  },
): Promise<T> {
  const limit = new AbortController();
  const over = new AbortController();
  const look = async () => {
    await checkBuildDisk(space, 0, cannot);
    return false;
  };
  const what = "the build ends";
  const watch = waitUntil(look, { what, timeoutMs, intervalMs: LOOK_INTERVAL_MS, signal: over.signal })
    .catch((error) => {
      if (over.signal.aborted) return;
      limit.abort(error instanceof TimeoutError ? tooLong(cannot, timeoutMs) : error);
    });
  try {
    return await build(AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    throw limit.signal.aborted && !signal.aborted ? limit.signal.reason : error;
  } finally {
    over.abort();
    await watch;
  }
}

function tooLong(cannot: string, timeoutMs: number): BuildError {
  const minutes = Math.round(timeoutMs / 60_000);
  return new BuildError(`${cannot}: it takes longer than ${minutes} minutes`, {
    hint: "On the server, mypaas init --build-timeout MINUTES allows more.",
  });
}
