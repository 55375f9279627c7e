/** SHA-256 of a text, 64 hex digits. */
export async function textDigest(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
