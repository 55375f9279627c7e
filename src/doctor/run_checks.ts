import { messageOf, MyPaasError } from "../error.ts";
import { within } from "../wait.ts";
import { type CheckFinding, type Finding, unknown } from "./finding.ts";

/** One thing that is looked at. */
export interface Check {
  /** Completes the sentence "Cannot check ...", such as `the clock`. */
  readonly what: string;
  /** Names it in JSON, such as `clock`. */
  readonly name: string;
  /** Gathers the facts and judges them. What it throws is told, and no other check is touched. */
  look(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** No check is waited for longer, in milliseconds. */
const CHECK_TIMEOUT_MS = 10_000;

/**
 * Makes all checks at the same time, each bounded in time. The findings come in the order of the checks; one that cannot
 * be made says so.
 */
export async function runChecks(
  checks: readonly Check[],
  { timeoutMs = CHECK_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<readonly CheckFinding[]> {
  const found = await Promise.all(checks.map(async ({ name, what, look }) => {
    const over = new AbortController();
    try {
      const findings = await within(look(over.signal), { what: `${what} can be checked`, timeoutMs });
      return findings.map((finding) => ({ check: name, ...finding }));
    } catch (error) {
      const hint = error instanceof MyPaasError ? error.hint : undefined;
      return [{ check: name, ...unknown(`Cannot check ${what}: ${messageOf(error)}`, hint) }];
    } finally {
      // What a probe began is ended, or the program would wait for it.
      over.abort();
    }
  }));
  return found.flat();
}
