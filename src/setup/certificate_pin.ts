/**
 * The pin of a certificate: SHA-256 of its DER, base64url. Needs no X.509 library, so the daemon can tell it cheaply.
 *
 * @throws {SyntaxError} when the text is not PEM
 */
export async function certificatePin(pem: string): Promise<string> {
  const body = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (body === undefined) throw new SyntaxError("no certificate in the PEM text");
  const der = Uint8Array.fromBase64(body);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", der))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
