import { MyPaasError } from "../error.ts";
import { addressToNumber, numberToAddress } from "../service/ipv4.ts";

/** The addresses that replicas may have on one network, both ends included. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
}

/**
 * Takes the next free address, walking forward from the last one given, so that an address rests as long as possible
 * before it is used again: a proxy that lags must not find another service there.
 *
 * @param cursor the address given last; undefined at the very first
 * @param used addresses that somebody has or is about to have
 * @throws {MyPaasError} when the range is full
 */
export function nextAddress(
  range: AddressRange,
  cursor: string | undefined,
  used: ReadonlySet<string | undefined>,
): string {
  const first = addressToNumber(range.first);
  const size = addressToNumber(range.last) - first + 1;
  const start = cursor === undefined ? -1 : addressToNumber(cursor) - first;
  for (let step = 1; step <= size; step++) {
    const address = numberToAddress(first + (((start + step) % size) + size) % size);
    if (!used.has(address)) return address;
  }
  throw new MyPaasError(
    `Cannot give the replica an address: all ${size} from ${range.first} to ${range.last} are used`,
    {
      hint: "Remove services that are not needed any more.",
    },
  );
}
