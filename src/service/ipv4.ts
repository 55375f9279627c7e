/** Whether a text is a plain IPv4 address: four numbers up to 255, without leading zeros. */
export function isIpv4(text: string): boolean {
  return /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) &&
    text.split(".").every((part) => Number(part) <= 255);
}

/** Reads a dotted IPv4 address as a number. */
export function addressToNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Writes a number as a dotted IPv4 address. */
export function numberToAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
