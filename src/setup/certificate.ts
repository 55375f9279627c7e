import "./reflect_metadata.ts";
import * as x509 from "@peculiar/x509";
import { isAddress } from "./addresses.ts";

/** A certificate that no authority signed, and its key. */
export interface OwnCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

const EC_KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const YEARS = 10;
/** A laptop's clock may be behind the server's. */
const CLOCK_SLACK_MS = 24 * 3600 * 1000;

/**
 * Makes the certificate of a server that has no domain: ECDSA P-256, `CA:FALSE` (rustls refuses a CA as a server's own
 * certificate), the address as its only name, ten years. Clients know it by its pin.
 *
 * @param address an IPv4 address or a host name such as `localhost`
 * @param now the time, as an argument
 */
export async function makeCertificate(address: string, now: Date): Promise<OwnCertificate> {
  const keys = await crypto.subtle.generateKey(EC_KEY, true, ["sign", "verify"]);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [address] }],
    notBefore: new Date(now.getTime() - CLOCK_SLACK_MS),
    notAfter,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: isAddress(address) ? "ip" : "dns", value: address }]),
    ],
  });
  return {
    certificatePem: certificate.toString("pem") + "\n",
    keyPem: x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n",
  };
}

/** The names (addresses and domains) a certificate stands for; empty when the text is not a certificate. */
export function certificateNames(pem: string): readonly string[] {
  return readCertificate(pem)?.names ?? [];
}

/** What a certificate stands for, and from when to when. */
export interface CertificateFields {
  /** Addresses and domains. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Reads a certificate (PEM, or DER); undefined when it is none. */
export function readCertificate(encoded: string | Uint8Array<ArrayBuffer>): CertificateFields | undefined {
  try {
    const certificate = new x509.X509Certificate(encoded);
    const extension = certificate.getExtension(x509.SubjectAlternativeNameExtension);
    const { notBefore, notAfter } = certificate;
    return { names: extension?.names.items.map(({ value }) => value) ?? [], notBefore, notAfter };
  } catch {
    return undefined;
  }
}

/** At most 20 bytes, positive, not zero (RFC 5280, 4.1.2.2): 16 random bytes whose first bit is 0 and second 1. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toHex();
}
