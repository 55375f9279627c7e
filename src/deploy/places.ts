import { replicaCount } from "../service/spec.ts";
import { type AddressRange, nextAddress } from "./addresses.ts";
import type { ReplicaState } from "./runtime.ts";
import type { Release, ReleaseStore, ReplicaPlace } from "./store.ts";

type Network = "ingress" | "internal";

export interface PlaceParts {
  readonly store: ReleaseStore;
  readonly ranges: Readonly<Record<Network, AddressRange>>;
}

/**
 * Gives every replica of a release its fixed addresses.
 *
 * @param found the replicas on the machine, whose addresses are not free whatever the state says
 */
export function givePlaces(
  parts: PlaceParts,
  release: Release,
  found: readonly ReplicaState[],
): readonly ReplicaPlace[] {
  const give = addressGiver(parts, found);
  const places = Array.from({ length: replicaCount(release.spec) }, (_, index) => ({
    n: index + 1,
    ingressAddress: release.spec.sites.length > 0 ? give("ingress") : undefined,
    internalAddress: give("internal"),
  }));
  parts.store.setPlaces(release.service, release.number, places);
  return places;
}

/** Gives one free address after another. */
export function addressGiver(
  { store, ranges }: PlaceParts,
  found: readonly ReplicaState[],
): (network: Network) => string {
  const known = [...found, ...[...store.allLive(), ...store.pending()].flatMap(({ places }) => places)];
  const used = new Set<string | undefined>();
  for (const { ingressAddress, internalAddress } of known) used.add(ingressAddress).add(internalAddress);
  return (network) => {
    const address = nextAddress(ranges[network], store.addressCursor(network), used);
    used.add(address);
    store.setAddressCursor(network, address);
    return address;
  };
}
