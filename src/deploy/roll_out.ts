import { errorOfKind, hintWith, LeftOverError, messageOf, MyPaasError } from "../error.ts";
import type { Log } from "../service/log.ts";
import { asFailed } from "./as_failed.ts";
import { giveUp } from "./give_up.ts";
import { keptReleases } from "./kept_releases.ts";
import { givePlaces } from "./places.ts";
import { needsReturnAddress, planDeploy } from "./plan.ts";
import type { Step } from "./step.ts";
import { type ReconcileParts, reconcileService } from "./reconcile.ts";
import { type RunOptions, runSteps } from "./runner.ts";
import type { Release } from "./store.ts";

export interface RollOutParts extends ReconcileParts {
  /** Called when the service is not as the state says after the deploy; it has to be reconciled. */
  readonly onUnfinished: (service: string) => void;
  /** Tells whoever runs the daemon what happens behind the answer. */
  readonly log: Log;
}

/**
 * Puts an accepted release live.
 *
 * When anything fails before the commit, the old release serves again (it never stopped, or it is started at the
 * address that requests wait for), the release is marked, and the error says so.
 *
 * @returns at the commit; `tail` ends when the old release is gone
 * @throws {MyPaasError} the cause, after everything is as before
 */
export async function rollOut(
  parts: RollOutParts,
  release: Release,
  options: RunOptions,
): Promise<{ readonly tail: Promise<void> }> {
  const { service } = release;
  const old = parts.store.live(service);
  let behind: readonly Step[];
  try {
    const given = givePlaces(parts, release, {
      found: await parts.runtime.addresses(),
      returns: needsReturnAddress(release.spec, old),
    });
    const steps = planDeploy({ ...release, ...given }, old);
    const committed = steps.findIndex((step) => step.kind === "commit") + 1;
    behind = steps.slice(committed);
    await runSteps(parts, steps.slice(0, committed), { ...options, release });
  } catch (error) {
    throw await undo(parts, { release, old, error }, options);
  }
  try {
    await runSteps(parts, behind.filter(isSwitching), { report: options.report, release });
  } catch (error) {
    options.report({ kind: "warning", text: `the new release is live, but ${messageOf(error)}` });
    parts.onUnfinished(service);
  }
  return { tail: cleanUp(parts, release, behind.filter((step) => !isSwitching(step))) };
}

async function undo(
  parts: RollOutParts,
  { release, old, error }: { readonly release: Release; readonly old: Release | undefined; readonly error: unknown },
  options: RunOptions,
): Promise<unknown> {
  const { service, number } = release;
  const status = options.signal?.aborted === true ? "cancelled" : "failed";
  const { report } = options;
  let putBack = false;
  let unwritten: { readonly error: unknown } | undefined;
  try {
    await giveUp(parts, release, { status, error: messageOf(error) });
  } catch (second) {
    unwritten = { error: second };
  }
  try {
    const store = unwritten === undefined ? parts.store : asFailed(parts.store, release);
    await reconcileService({ ...parts, store }, service, { report });
    putBack = true;
    await parts.builder.removeImage(service, number);
    // A full disk, for example: the repair marks the release as soon as it can.
    if (unwritten !== undefined) throw unwritten.error;
  } catch (second) {
    putBack ||= second instanceof LeftOverError;
    report({
      kind: "warning",
      text: `putting things back is not finished, the daemon goes on with it: ${messageOf(second)}`,
    });
    parts.onUnfinished(service);
  }
  if (!(error instanceof MyPaasError)) return error;
  const still = old === undefined
    ? "Nothing was running before, so nothing runs now."
    : putBack
    ? `Release ${old.number} still serves.`
    : `Release ${old.number} is being put back: look with mypaas ps.`;
  return errorOfKind(error.kind, error.message, {
    hint: hintWith(error.hint, still),
    details: error.details,
    cause: error,
  });
}

/** What happens behind the answer: the old release drains and goes, and images nobody needs any more. */
async function cleanUp(parts: RollOutParts, release: Release, steps: readonly Step[]): Promise<void> {
  const { service, number } = release;
  await runSteps(parts, steps, {
    report: (event) => {
      if (event.kind === "warning") parts.log(`${service}: ${event.text}`, { service, release: number });
    },
    release,
  });
  parts.store.setStep(service, number, undefined);
  // Of one that never was live an image is there when the daemon was killed behind the build.
  for (const each of keptReleases(parts.store, service).over) await parts.builder.removeImage(service, each.number);
}

/** What the answer of a deploy waits for behind the commit: whoever reaches the service from now on does. */
function isSwitching(step: Step): boolean {
  return step.kind === "route" || step.kind === "unroute" || (step.kind === "isolate" && step.peers !== undefined);
}
