import { errorOfKind, MyPaasError } from "../error.ts";
import { type AddressRange, nextAddress } from "./addresses.ts";
import { planDeploy, type Step } from "./plan.ts";
import { reconcileService } from "./reconcile.ts";
import { type RunnerParts, type RunOptions, runSteps } from "./runner.ts";
import type { Builder, ReplicaState } from "./runtime.ts";
import type { Release, ReplicaPlace } from "./store.ts";
import { replicaCount } from "../service/spec.ts";

/** Images of so many releases are kept, so that a rollback needs no build. */
const RELEASES_KEPT = 5;

export interface RollOutParts extends RunnerParts {
  readonly builder: Pick<Builder, "removeImage">;
  /** Called when putting things back did not succeed; it has to be tried again. */
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
    await runSteps(parts, behind.filter(isRouting), { report: options.report });
  } catch (error) {
    options.report({ kind: "warning", text: `the new release is live, but ${sentence(error)}` });
  }
  parts.store.setStep(service, number, undefined);
  return { tail: cleanUp(parts, service, behind.filter((step) => !isRouting(step))) };
}

/**
 * Gives every replica of a release its fixed addresses.
 *
 * @param found the replicas on the machine, whose addresses are not free whatever the state says
 */
export function givePlaces(
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
  const cancelled = options.signal?.aborted === true;
  parts.store.fail(service, number, cancelled ? "cancelled" : "failed", sentence(error), parts.now().toISOString());
  const { report } = options;
  try {
    await reconcileService(parts, service, { report });
    await parts.builder.removeImage(service, number);
  } catch (second) {
    report({
      kind: "warning",
      text: `putting things back is not finished, the daemon goes on with it: ${sentence(second)}`,
    });
  }
  if (!(error instanceof MyPaasError)) return error;
  const still = old === undefined
    ? "Nothing was running before, so nothing runs now."
    : `Release ${old.number} still serves.`;
  const hint = error.hint === undefined ? still : `${error.hint} ${still}`;
  return errorOfKind(error.kind, error.message, { hint, details: error.details, cause: error });
}

/** What happens behind the answer: the old release drains and goes, and images nobody needs any more. */
async function cleanUp(parts: RollOutParts, service: string, steps: readonly Step[]): Promise<void> {
  await runSteps(parts, steps, { report: () => {} });
  const kept = parts.store.releases(service, 1000).filter(({ status }) => status === "live" || status === "retired");
  for (const { number, image } of kept.slice(RELEASES_KEPT)) {
    if (image !== undefined) await parts.builder.removeImage(service, number);
  }
}

function isRouting(step: Step): boolean {
  return step.kind === "route" || step.kind === "unroute";
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
