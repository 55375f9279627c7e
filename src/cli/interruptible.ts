import type { Connection } from "../client/connection.ts";
import { MyPaasError } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";
import { parseCancelAnswer } from "../wire/releases.ts";
import type { NumberedEvent } from "../wire/events.ts";

/** How long a second Ctrl-C is waited for. */
const SECOND_MS = 3000;

export interface InterruptibleParts {
  readonly connection: Pick<Connection, "json">;
  /** Gives the next Ctrl-C. */
  readonly interrupts: { next(): Promise<void> };
  /** Prints a line for the person. */
  readonly tell: (line: string) => void;
  /** What follows a deploy again, such as `mypaas attach blog.7 --server prod`. */
  readonly attachCommand: (deploy: string) => string;
  /** In milliseconds; for tests. */
  readonly secondMs?: number;
}

/**
 * Lets Ctrl-C end a push. Before the deploy is accepted nothing has changed. After it the first one leaves the deploy to
 * itself, and a second one soon after cancels it.
 *
 * @param work does the push; `noteEvent` is to be called with its events
 * @throws {MyPaasError} what the interrupt came to
 */
export async function interruptible<T>(
  { connection, interrupts, tell, attachCommand, secondMs = SECOND_MS }: InterruptibleParts,
  work: (signal: AbortSignal, noteEvent: (event: { readonly kind: string }) => void) => Promise<T>,
): Promise<T> {
  const aborted = new AbortController();
  const interrupted = new MyPaasError("Cannot go on: interrupted");
  let accepted: Extract<NumberedEvent, { kind: "accepted" }> | undefined;
  interrupts.next().then(() => aborted.abort(interrupted));
  try {
    return await work(aborted.signal, (event) => {
      if (isAccepted(event)) accepted = event;
    });
  } catch (error) {
    if (error !== interrupted) throw error;
  }
  if (accepted === undefined) throw new MyPaasError("Cannot deploy: interrupted, and nothing was changed");
  const { deploy, service } = accepted;
  tell(`${deploy} goes on by itself; follow it with: ${attachCommand(deploy)}`);
  tell("Ctrl-C once more cancels it");
  try {
    await within(interrupts.next(), { what: "it is to be cancelled", timeoutMs: secondMs });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new MyPaasError(`Cannot tell how "${deploy}" ends: interrupted`, {
      hint: `See it with: ${attachCommand(deploy)}`,
    });
  }
  const body = new TextEncoder().encode(JSON.stringify({ deploy }));
  const path = `/v1/services/${encodeURIComponent(service)}/cancel`;
  await connection.json("POST", path, { body, parse: parseCancelAnswer });
  throw new MyPaasError(`Cannot finish the deploy "${deploy}": you cancelled it`);
}

function isAccepted(event: { readonly kind: string }): event is Extract<NumberedEvent, { kind: "accepted" }> {
  return event.kind === "accepted";
}
