import type { PartContainer } from "./machine.ts";

/**
 * Digest of a part's whole value: SHA-256, 64 hex digits. The engine's adapter keeps it as a label of the container, `init`
 * compares it with what it wants. The order of keys does not matter, the order of lists does.
 */
export async function partDigest(part: PartContainer): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(part, sortedKeys));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
}
