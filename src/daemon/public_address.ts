import { addressToNumber, isIpv4 } from "../service/ipv4.ts";

/** Ranges that are not reached from the internet (RFC 6890 and its successors): first address, bits. */
const NOT_PUBLIC: readonly (readonly [address: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * Whether an address is one of the internet. Of IPv6 only what is given out (2000::/3) counts, and of that nothing that
 * stands for an IPv4 address, or for nobody.
 */
export function isPublicAddress(address: string): boolean {
  if (isIpv4(address)) {
    const number = addressToNumber(address);
    return NOT_PUBLIC.every(([first, bits]) =>
      Math.floor(number / 2 ** (32 - bits)) !== Math.floor(addressToNumber(first) / 2 ** (32 - bits))
    );
  }
  const [first = "", second = ""] = address.toLowerCase().split(":");
  if (!/^[23][0-9a-f]{3}$/.test(first)) return false;
  const special = first === "2002" || first === "2001" && /^(0|0db8|db8|)$/.test(second);
  return !special;
}
