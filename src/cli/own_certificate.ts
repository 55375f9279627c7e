import type { Transport } from "../client/transport.ts";
import type { Warning } from "../setup/ipv6.ts";
import type { ServerSettings } from "../setup/settings.ts";
import { parseCertificates } from "../wire/certificates.ts";
import { errorOfResponse } from "../wire/error_body.ts";
import { parseJson } from "../wire/validate.ts";

/** Has the daemon look at the certificate of the server's own domain; undefined when there is one, or no domain. */
export async function ownCertificateWarning(
  daemon: Pick<Transport, "send">,
  { domain }: Pick<ServerSettings, "domain">,
): Promise<Warning | undefined> {
  if (domain === undefined) return undefined;
  const response = await daemon.send("/v1/certificates", { method: "POST" });
  if (!response.ok) throw await errorOfResponse(response);
  const answer = parseJson(new Uint8Array(await response.arrayBuffer()), "the daemon's answer to /v1/certificates");
  const found = parseCertificates(answer).find((one) => one.domain === domain);
  if (found?.state === "valid") return undefined;
  return {
    message: `The server's domain has no certificate yet: ${found?.reason ?? `the authority was asked for ${domain}`}`,
    hint: "Until it has, nobody can log in over the network; the server looks again by itself, and mypaas init tells",
  };
}
