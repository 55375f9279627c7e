import { MyPaasError } from "../error.ts";
import type { ApiParts, Call, Result } from "./api.ts";
import type { Deploy } from "./work.ts";

/**
 * Waits until the daemon may begin work, which after its start is not at once.
 *
 * @param cannot begins the sentence, such as `Cannot stop "blog"`
 * @throws {MyPaasError} when who asked has gone away meanwhile, who has been told that it was not accepted
 */
export async function readyFor(call: Call, { converged }: Pick<ApiParts, "converged">, cannot: string): Promise<void> {
  await converged;
  if (call.request.signal.aborted) throw new MyPaasError(`${cannot}: who asked has gone away`);
}

/** Answers with what the work tells, to its end. It goes on when nobody listens any more. */
export function followed({ log }: Deploy, call: Call, { onIdle }: Pick<ApiParts, "onIdle">): Result {
  return { lines: andThen(log.follow(0, call.request.signal), onIdle) };
}

/** What `lines` gives; `done` is called when it has ended, in whatever way. */
async function* andThen<T>(lines: AsyncIterable<T>, done: () => void): AsyncGenerator<T> {
  try {
    yield* lines;
  } finally {
    done();
  }
}
