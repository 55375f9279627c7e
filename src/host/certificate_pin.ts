import { connect, type TLSSocket } from "node:tls";
import { AuthError, MyPaasError } from "../error.ts";
import { certificatePem, certificatePin } from "../setup/certificate_pin.ts";
import { TimeoutError, within } from "../wait.ts";
import { proxyOf } from "./proxy.ts";
import { openTunnel, type Tunnel } from "./proxy_tunnel.ts";

/**
 * Asks a server for its certificate and takes it only if it is the pinned one. Nothing but the handshake is sent, so it
 * does not matter whom it went to.
 *
 * @param pin as `certificatePin` makes it, from the invite
 * @returns the certificate as PEM
 * @throws {AuthError} when the server shows another certificate
 * @throws {MyPaasError} when it cannot be reached within 10 s
 */
export async function fetchPinnedCertificate(
  host: string,
  port: number,
  { pin, timeoutMs = 10_000 }: { readonly pin: string; readonly timeoutMs?: number },
): Promise<string> {
  const pem = certificatePem(await fetchCertificate(host, port, timeoutMs));
  if (await certificatePin(pem) !== pin) {
    throw new AuthError(`Cannot trust ${host}:${port}: its certificate is not the one that the invite names`, {
      hint:
        "Somebody may be in between; if the server was set up anew, make an invite there (mypaas invite) and log in with it.",
    });
  }
  return pem;
}

async function fetchCertificate(host: string, port: number, timeoutMs: number): Promise<Uint8Array> {
  const url = new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`);
  const proxy = proxyOf(url, (name) => Deno.env.get(name));
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const limits = { what: `${host}:${port} shows its certificate`, timeoutMs };
  let tunnel: Tunnel | undefined;
  let socket: TLSSocket | undefined;
  try {
    tunnel = proxy && await within(openTunnel(proxy, { host, port }), limits);
    const tls = connect({ host: tunnel?.host ?? host, port: tunnel?.port ?? port, rejectUnauthorized: false }, () => {
      const { raw } = tls.getPeerCertificate();
      if (raw instanceof Uint8Array) resolve(raw);
      else reject(new Error("no certificate"));
    });
    socket = tls;
    socket.on("error", reject);
    return await within(promise, limits);
  } catch (cause) {
    if (cause instanceof MyPaasError && !(cause instanceof TimeoutError)) throw cause;
    throw new MyPaasError(`Cannot reach ${host}:${port}: ${problem(cause)}`, {
      cause,
      hint: "Check the address and the port, and the firewall of the server.",
    });
  } finally {
    // After a time-out Deno keeps the unfinished handshake open until the process ends.
    socket?.destroy();
    tunnel?.[Symbol.dispose]();
  }
}

function problem(error: unknown): string {
  if (error instanceof TimeoutError) return "it does not answer";
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name is not found";
    case "ECONNREFUSED":
      return "nothing listens there";
    default:
      return "it does not speak TLS";
  }
}
