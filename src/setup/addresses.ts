import { addressToNumber, isIpv4, numberToAddress } from "../service/ipv4.ts";
import { FixedHost, type NetworkSettings } from "./settings.ts";

/** An IPv4 network: its first address as a number, and how many leading bits are fixed. */
interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

/** Whether a text is a plain IPv4 address: four numbers without leading zeros. */
export const isAddress = isIpv4;

/** Whether a text is an IPv4 network of at least 8 addresses, with no bits set behind its prefix. */
export function isSubnet(text: string): boolean {
  const [address = "", prefix = "", ...rest] = text.split("/");
  if (rest.length > 0 || !isAddress(address) || !/^(?:[1-9]|[12]\d)$/.test(prefix)) return false;
  return addressToNumber(address) % 2 ** (32 - Number(prefix)) === 0;
}

/** How many addresses a subnet has, first and last included. */
export function addressCount(subnet: string): number {
  return 2 ** (32 - parse(subnet).prefix);
}

/**
 * The nth address of a subnet, counted from its first (0, the network's own).
 *
 * @throws {RangeError} when the subnet does not have that many
 */
export function nthAddress(subnet: string, n: number): string {
  if (!Number.isInteger(n) || n < 0 || n >= addressCount(subnet)) {
    throw new RangeError(`"${subnet}" has no address number ${n}`);
  }
  return numberToAddress(parse(subnet).base + n);
}

/**
 * The inverse of `nthAddress`: the number of an address inside a subnet.
 *
 * @returns undefined when the address lies outside
 */
export function addressNumber(subnet: string, address: string): number | undefined {
  const n = addressToNumber(address) - parse(subnet).base;
  return n >= 0 && n < addressCount(subnet) ? n : undefined;
}

/** Whether an address lies inside a subnet. */
export function containsAddress(subnet: string, address: string): boolean {
  return addressNumber(subnet, address) !== undefined;
}

/** The upper half of a subnet, as a subnet: where Docker may choose by itself. */
export function upperHalf(subnet: string): string {
  const { base, prefix } = parse(subnet);
  return `${numberToAddress(base + addressCount(subnet) / 2)}/${prefix + 1}`;
}

/** A subnet with gateway (its address number 1) and Docker's own range (its upper half) spelled out. */
export function networkSettings(subnet: string): NetworkSettings {
  return { subnet, gateway: nthAddress(subnet, 1), range: upperHalf(subnet) };
}

function parse(subnet: string): Cidr {
  if (!isSubnet(subnet)) throw new RangeError(`"${subnet}" is not an IPv4 subnet`);
  const [address = "", prefix = ""] = subnet.split("/");
  return { base: addressToNumber(address), prefix: Number(prefix) };
}

/** Where replicas get their fixed addresses: from `FixedHost.firstReplica` to the end of the lower half, both included. */
export function replicaRange({ subnet, range }: NetworkSettings): { readonly first: string; readonly last: string } {
  const [rangeStart = ""] = range.split("/");
  return {
    first: nthAddress(subnet, FixedHost.firstReplica),
    last: numberToAddress(addressToNumber(rangeStart) - 1),
  };
}
