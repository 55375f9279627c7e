import { isUnread } from "./terminal.ts";

/**
 * Asks a question on the terminal that standard input is; everything but yes is no, the end of the input included.
 *
 * @param question is written to standard error as it is, with ` [y/N] ` behind it
 * @throws the signal's reason when it aborts
 */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  Deno.stderr.writeSync(new TextEncoder().encode(`${question} [y/N] `));
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return /^\s*y(es)?\s*$/i.test(await Promise.race([typedLine(), aborted.promise]));
  } catch (error) {
    // The line that was begun is ended, so that what is said of it stands on one of its own.
    Deno.stderr.writeSync(new TextEncoder().encode("\n"));
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A terminal hands over whole lines; a longer one than fits is no yes. */
async function typedLine(): Promise<string> {
  const buffer = new Uint8Array(256);
  try {
    const count = await Deno.stdin.read(buffer);
    if (count === null) Deno.stderr.writeSync(new TextEncoder().encode("\n"));
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  } catch (error) {
    if (isUnread(error)) return "";
    throw error;
  }
}
