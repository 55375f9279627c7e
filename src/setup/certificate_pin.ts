/**
 * The pin of a certificate: SHA-256 of its DER form, base64url.
 *
 * @param pem the first certificate in it counts
 * @throws {SyntaxError} when the text is not PEM
 */
export async function certificatePin(pem: string): Promise<string> {
  const body = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (body === undefined) throw new SyntaxError("no certificate in the PEM text");
  const der = Uint8Array.fromBase64(body.replace(/\s/g, ""));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
  return digest.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Writes a certificate's DER form as PEM (RFC 7468). */
export function certificatePem(der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
