import { connect } from "node:tls";
import { within } from "../wait.ts";

const ANSWER_TIMEOUT_MS = 3000;

/** What answered an HTTP request: status and headers; undefined when nobody did. A redirect is not followed. */
export async function httpHead(
  url: string,
  { host, signal }: { readonly host?: string; readonly signal: AbortSignal },
): Promise<{ readonly status: number; readonly headers: Headers } | undefined> {
  using client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });
  try {
    const response = await within(
      fetch(url, { client, signal, redirect: "manual", ...host !== undefined && { headers: { host } } }),
      { what: `${url} answers`, timeoutMs: ANSWER_TIMEOUT_MS, signal },
    );
    await response.body?.cancel();
    return { status: response.status, headers: response.headers };
  } catch {
    return undefined;
  }
}

/**
 * Shakes hands with a port of this machine as a visitor of a name does, and takes the certificate, whoever signed it.
 *
 * @returns its DER form; undefined when nobody speaks TLS there in three seconds
 */
export async function shownCertificate(
  name: string,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer> | undefined>();
  // An address is no server name (RFC 6066, 3).
  const servername = /^[\d.]+$/.test(name) ? {} : { servername: name };
  const socket = connect({ host: address, port, rejectUnauthorized: false, ...servername }, () => {
    const { raw } = socket.getPeerCertificate();
    resolve(raw instanceof Uint8Array ? new Uint8Array(raw) : undefined);
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
