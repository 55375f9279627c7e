import type { CertificateFields } from "../setup/certificate.ts";
import { fault, type Finding, warning } from "./finding.ts";

/** The certificate that visitors of a name are shown. */
export interface CertificateFacts extends CertificateFields {
  /** A domain, or the server's address. */
  readonly name: string;
  /** Why the name has none of its own yet, if that is known. */
  readonly pending?: string | undefined;
  /** The file of the one that `init` made, which is not renewed by itself; undefined: an authority signed it. */
  readonly file?: string | undefined;
}

const DAY_MS = 24 * 3600 * 1000;
/** A certificate of 90 days is renewed 30 days before its end; 20 days before, that has failed. */
const LATE_MS = 20 * DAY_MS;

/** Judges what visitors see. @param command how `mypaas` is called on this server */
export function checkCertificates(
  certificates: readonly CertificateFacts[],
  { now, command, traefik }: { readonly now: Date; readonly command: string; readonly traefik: string },
): readonly Finding[] {
  return certificates.flatMap((certificate): readonly Finding[] => {
    const { name, names, notBefore, notAfter, pending, file } = certificate;
    if (!names.some((one) => covers(one, name))) {
      const sentence = `${name} has no certificate of its own`;
      if (pending === undefined) return [fault(sentence, `docker logs --tail 50 ${traefik}`)];
      return [fault(`${sentence}: ${pending}`, "Mend that: the server looks again by itself, and mypaas ps tells")];
    }
    const left = notAfter.getTime() - now.getTime();
    const renew = file === undefined
      ? `docker restart ${traefik}`
      : `rm ${file} && ${command} init (laptops must log in again)`;
    const day = notAfter.toISOString().slice(0, 10);
    if (left <= 0) return [fault(`The certificate of ${name} has expired: ${day}`, renew)];
    const life = notAfter.getTime() - notBefore.getTime();
    if (left > Math.min(LATE_MS, life / 5)) return [];
    return [warning(`The certificate of ${name} expires on ${day} and was not renewed`, renew)];
  });
}

/** Whether a name of a certificate stands for a domain; `*` stands for one label (RFC 6125, 6.4.3). */
function covers(name: string, domain: string): boolean {
  return name === domain || name.startsWith("*.") && name.slice(1) === domain.slice(domain.indexOf("."));
}
