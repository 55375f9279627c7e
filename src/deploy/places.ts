import { replicaCount } from "../service/spec.ts";
import { type AddressRange, nextAddress } from "./addresses.ts";
import type { PlannedRelease } from "./plan.ts";
import type { Release, ReleaseStore } from "./store.ts";

type Network = "ingress" | "internal";

export interface PlaceParts {
  readonly store: ReleaseStore;
  readonly ranges: Readonly<Record<Network, AddressRange>>;
}

/**
 * Gives every replica of a release its fixed addresses.
 *
 * @param found the addresses of what is on the machine, which are not free whatever the state says
 * @param returns whether the old release gets a return address
 */
export function givePlaces(
  parts: PlaceParts,
  release: Release,
  { found, returns }: { readonly found: ReadonlySet<string>; readonly returns: boolean },
): Required<Pick<PlannedRelease, "places" | "returnAddress">> {
  const give = addressGiver(parts, found);
  const places = Array.from({ length: replicaCount(release.spec) }, (_, index) => ({
    n: index + 1,
    ingressAddress: release.spec.sites.length > 0 ? give("ingress") : undefined,
    internalAddress: give("internal"),
  }));
  parts.store.setPlaces(release.service, release.number, places);
  return { places, returnAddress: returns ? give("ingress") : undefined };
}

/** Gives one address after another that is free by the state and not `found` on the machine. */
export function addressGiver(
  { store, ranges }: PlaceParts,
  found: ReadonlySet<string>,
): (network: Network) => string {
  const releases = [...store.allLive(), ...store.pending()];
  const used = new Set<string | undefined>([...found, ...releases.map(({ heldAddress }) => heldAddress)]);
  for (const { ingressAddress, internalAddress } of releases.flatMap(({ places }) => places)) {
    used.add(ingressAddress).add(internalAddress);
  }
  return (network) => {
    const address = nextAddress(ranges[network], store.addressCursor(network), used);
    used.add(address);
    store.setAddressCursor(network, address);
    return address;
  };
}
