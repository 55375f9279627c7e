import { accepts } from "./diagnosis.ts";
import { addressGiver, type PlaceParts } from "./places.ts";
import type { Probes, Runtime } from "./runtime.ts";
import type { Release } from "./store.ts";

export interface GiveUpParts extends PlaceParts {
  readonly runtime: Pick<Runtime, "inspect" | "addresses">;
  readonly probes: Pick<Probes, "listeners">;
  readonly now: () => Date;
}

/**
 * Marks a release that does not get live, after which the live one is to be made whole.
 *
 * Where requests wait for the address of the new replica, the live release takes that address over. But a new replica that
 * listens has let nobody wait: it has requests under way. Then the live release gets another address, so that new
 * requests wait there while the new replica ends what it has begun.
 */
export async function giveUp(
  parts: GiveUpParts,
  { service, number }: Pick<Release, "service" | "number">,
  { status, error }: { readonly status: "failed" | "cancelled" | "interrupted"; readonly error: string },
): Promise<void> {
  const { store, now } = parts;
  const release = store.release(service, number);
  if (release !== undefined && await listensAtHeldAddress(parts, release)) {
    store.setHeldAddress(service, number, addressGiver(parts, await parts.runtime.addresses())("ingress"));
  }
  store.fail(service, number, status, error, now().toISOString());
}

async function listensAtHeldAddress(
  { runtime, probes }: GiveUpParts,
  { service, number, heldAddress, places, spec }: Release,
): Promise<boolean> {
  const place = places.find(({ ingressAddress }) => ingressAddress === heldAddress);
  if (heldAddress === undefined || place === undefined) return false;
  const state = await runtime.inspect({ service, release: number, n: place.n });
  if (state?.status !== "running") return false;
  return accepts({ listeners: await probes.listeners(state.pid), port: spec.port });
}
