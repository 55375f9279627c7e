/** Writes bytes in base64url without padding (RFC 4648, 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Reads so many bytes in base64url without padding; undefined when the text is anything else. */
export function fromBase64Url(text: string, length?: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const isCanonical = toBase64Url(bytes) === text;
    return isCanonical && (length === undefined || bytes.length === length) ? bytes : undefined;
  } catch {
    return undefined;
  }
}
