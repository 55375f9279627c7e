import { connect } from "node:tls";
import { within } from "../wait.ts";

const ANSWER_TIMEOUT_MS = 3000;

/** What answered an HTTP request: its status; undefined when nobody did. */
export async function httpStatus(
  url: string,
  { host, signal }: { readonly host?: string; readonly signal: AbortSignal },
): Promise<number | undefined> {
  using client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });
  try {
    const response = await within(
      fetch(url, { client, signal, redirect: "manual", ...host !== undefined && { headers: { host } } }),
      { what: `${url} answers`, timeoutMs: ANSWER_TIMEOUT_MS, signal },
    );
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}

/** The certificate that a port of this machine shows to who asks for a name. */
export interface ShownCertificate {
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Shakes hands with a port of this machine as a visitor of a name does, and looks at the certificate, whoever signed it.
 *
 * @returns undefined when nobody speaks TLS there in three seconds
 */
export async function shownCertificate(
  name: string,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<ShownCertificate | undefined> {
  const { promise, resolve } = Promise.withResolvers<ShownCertificate | undefined>();
  // An address is no server name (RFC 6066, 3).
  const servername = /^[\d.]+$/.test(name) ? {} : { servername: name };
  const socket = connect({ host: address, port, rejectUnauthorized: false, ...servername }, () => {
    const { subjectaltname = "", valid_from, valid_to } = socket.getPeerCertificate();
    resolve({
      names: subjectaltname.split(", ").map((one) => one.replace(/^(DNS|IP Address):/, "")),
      notBefore: new Date(valid_from),
      notAfter: new Date(valid_to),
    });
  });
  socket.on("error", () => resolve(undefined));
  try {
    return await within(promise, { what: "the port shows a certificate", timeoutMs: ANSWER_TIMEOUT_MS });
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
