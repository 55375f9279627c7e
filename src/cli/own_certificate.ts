import type { Transport } from "../client/transport.ts";
import type { Warning } from "../setup/ipv6.ts";
import type { ServerSettings } from "../setup/settings.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { type CertificateSummary, parseCertificates } from "../wire/certificates.ts";
import { parseJson } from "../wire/validate.ts";

/** How long `init` waits for the certificate of the server's own domain. */
const TIMEOUT_MS = 20_000;

/** Waits a while for the certificate of the server's own domain; undefined when there is one, or no domain. */
export async function ownCertificateWarning(
  daemon: Pick<Transport, "send">,
  { domain }: Pick<ServerSettings, "domain">,
): Promise<Warning | undefined> {
  if (domain === undefined) return undefined;
  let found: CertificateSummary | undefined;
  try {
    await waitUntil(async () => {
      const response = await daemon.send("/v1/certificates", { method: "GET" });
      const answer = parseJson(new Uint8Array(await response.arrayBuffer()), "the daemon's answer");
      if (!response.ok) return true;
      found = parseCertificates(answer).find((one) => one.domain === domain);
      return found?.state !== "ordered" && found?.state !== "looking";
    }, { what: "the server's domain has a certificate", timeoutMs: TIMEOUT_MS, intervalMs: 200 });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  if (found?.state === "valid") return undefined;
  return {
    message: `The server's domain has no certificate yet: ${found?.reason ?? `that of ${domain} is ordered`}`,
    hint:
      `Until it has, nobody can log in over https://${domain}; it is looked at again by itself, and mypaas init tells`,
  };
}
