/** Reads a dotted IPv4 address as a number. */
export function addressToNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Writes a number as a dotted IPv4 address. */
export function numberToAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
