import type { Connection } from "../client/connection.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { within } from "../wait.ts";
import { parsePauseLine } from "../wire/upgrade.ts";

/** The daemon did not begin a pause: it is away, or does not know it. The cause says why. */
export class NotPausedError extends MyPaasError {
  override readonly name = "NotPausedError";
}

/** A pause of the daemon's, which lasts as long as the connection that asked for it. */
export interface OpenPause extends AsyncDisposable {
  /** Why it was over before it was disposed of; undefined while it lasts. */
  readonly lost: () => unknown;
}

/**
 * Asks the daemon for a pause, and waits until what goes on has ended. It ends the connection with the pause.
 *
 * @throws {NotPausedError} when the daemon does not begin one
 */
export async function openPause(
  connection: Connection,
  path: string,
  { what, timeoutMs, say }: {
    /** Completes the sentence "Cannot see that ...". */
    readonly what: string;
    readonly timeoutMs: number;
    /** Tells what is waited for. */
    readonly say: (line: string) => void;
  },
): Promise<OpenPause> {
  const over = new AbortController();
  const end = () => {
    over.abort();
    connection.close();
    return Promise.resolve();
  };
  const options = { parse: parsePauseLine, isLast: () => false, signal: over.signal };
  const lines = await connection.lines("POST", path, options).catch((cause) => {
    if (!(cause instanceof MyPaasError)) throw cause;
    throw new NotPausedError(messageOf(cause), { cause, hint: cause.hint });
  });
  try {
    await within(untilReady(lines, say), { what, timeoutMs });
  } catch (error) {
    await end();
    throw error;
  }
  let lost: unknown;
  lines.next().catch((error) => lost = error);
  return { lost: () => lost, [Symbol.asyncDispose]: end };
}

async function untilReady(
  lines: AsyncGenerator<ReturnType<typeof parsePauseLine>, void, void>,
  say: (line: string) => void,
): Promise<void> {
  while (true) {
    const { done, value } = await lines.next();
    if (done || value.kind === "ready") return;
    say(`waiting for ${value.waitsFor.join(", ")}`);
  }
}
