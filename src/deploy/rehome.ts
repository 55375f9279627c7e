import { addressToNumber } from "../service/ipv4.ts";
import type { AddressRange } from "./addresses.ts";
import { addressGiver, type PlaceParts } from "./places.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Gives live releases new addresses where those of the state are not of this server's networks: the state is from another
 * server (a backup was restored), or the networks were made anew.
 */
export async function rehome(parts: PlaceParts & { readonly runtime: Pick<Runtime, "addresses"> }): Promise<void> {
  const { store, ranges, runtime } = parts;
  const strangers = store.allLive().filter(({ places }) =>
    places.some(({ ingressAddress, internalAddress }) =>
      !lies(ranges.internal, internalAddress) || ingressAddress !== undefined && !lies(ranges.ingress, ingressAddress)
    )
  );
  if (strangers.length === 0) return;
  const give = addressGiver(parts, await runtime.addresses());
  for (const { service, number, places } of strangers) {
    store.setPlaces(
      service,
      number,
      places.map(({ n, ingressAddress }) => ({
        n,
        ingressAddress: ingressAddress === undefined ? undefined : give("ingress"),
        internalAddress: give("internal"),
      })),
    );
  }
}

function lies({ first, last }: AddressRange, address: string): boolean {
  const number = addressToNumber(address);
  return number >= addressToNumber(first) && number <= addressToNumber(last);
}
