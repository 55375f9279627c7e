import { errorOfKind, hintWith, LeftOverError, messageOf, MyPaasError } from "../error.ts";
import { type AddressRange, nextAddress } from "./addresses.ts";
import { planDeploy, type Step } from "./plan.ts";
import { asFailed } from "./as_failed.ts";
import { type ReconcileParts, reconcileService } from "./reconcile.ts";
import { type RunOptions, runSteps } from "./runner.ts";
import type { ReplicaState } from "./runtime.ts";
import type { Release, ReplicaPlace } from "./store.ts";
import { replicaCount } from "../service/spec.ts";

/** Images of so many releases are kept, so that a rollback needs no build. */
const RELEASES_KEPT = 5;
/** Images of releases older than the newest so many are gone already: each deploy looks at these. */
const RELEASES_LOOKED_AT = 50;

export interface RollOutParts extends ReconcileParts {
  /** Called when the service is not as the state says after the deploy; it has to be reconciled. */
  readonly onUnfinished: (service: string) => void;
  readonly ranges: { readonly ingress: AddressRange; readonly internal: AddressRange };
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
  const { service, number } = release;
  const old = parts.store.live(service);
  let behind: readonly Step[];
  try {
    const places = givePlaces(parts, release, await parts.runtime.list());
    const steps = planDeploy({ ...release, places }, old);
    const committed = steps.findIndex((step) => step.kind === "commit") + 1;
    behind = steps.slice(committed);
    await runSteps(parts, steps.slice(0, committed), { ...options, release });
  } catch (error) {
    throw await undo(parts, { release, old, error }, options);
  }
  try {
    await runSteps(parts, behind.filter(isSwitching), { report: options.report });
    parts.store.setStep(service, number, undefined);
  } catch (error) {
    options.report({ kind: "warning", text: `the new release is live, but ${messageOf(error)}` });
    parts.onUnfinished(service);
  }
  return { tail: cleanUp(parts, service, behind.filter((step) => !isSwitching(step))) };
}

/**
 * Gives every replica of a release its fixed addresses.
 *
 * @param found the replicas on the machine, whose addresses are not free whatever the state says
 */
function givePlaces(
  { store, ranges }: Pick<RollOutParts, "store" | "ranges">,
  release: Release,
  found: readonly ReplicaState[],
): readonly ReplicaPlace[] {
  const known = [...found, ...[...store.allLive(), ...store.pending()].flatMap(({ places }) => places)];
  const used = new Set<string | undefined>();
  for (const { ingressAddress, internalAddress } of known) used.add(ingressAddress).add(internalAddress);
  const give = (network: "ingress" | "internal") => {
    const address = nextAddress(ranges[network], store.addressCursor(network), used);
    used.add(address);
    store.setAddressCursor(network, address);
    return address;
  };
  const places = Array.from({ length: replicaCount(release.spec) }, (_, index) => ({
    n: index + 1,
    ingressAddress: release.spec.sites.length > 0 ? give("ingress") : undefined,
    internalAddress: give("internal"),
  }));
  store.setPlaces(release.service, release.number, places);
  return places;
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
    parts.store.fail(service, number, status, messageOf(error), parts.now().toISOString());
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
async function cleanUp(parts: RollOutParts, service: string, steps: readonly Step[]): Promise<void> {
  await runSteps(parts, steps, { report: () => {} });
  const recent = parts.store.releases(service, RELEASES_LOOKED_AT).filter(({ status }) => status !== "pending");
  const wasLive = recent.filter(({ status }) => status === "live" || status === "retired");
  const kept = new Set(wasLive.slice(0, RELEASES_KEPT));
  // Of one that never was live an image is there when the daemon was killed behind the build.
  for (const release of recent) if (!kept.has(release)) await parts.builder.removeImage(service, release.number);
}

/** What the answer of a deploy waits for behind the commit: whoever reaches the service from now on does. */
function isSwitching(step: Step): boolean {
  return step.kind === "route" || step.kind === "unroute" || (step.kind === "isolate" && step.peers !== undefined);
}
