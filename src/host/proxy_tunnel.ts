import { AuthError, MyPaasError } from "../error.ts";
import { type Proxy, proxyName } from "./proxy.ts";

/** A proxy answers with a status line and headers; more of it is no answer. */
const MAX_ANSWER_BYTES = 16 << 10;

/** A port of this machine behind which is a server at the other end of a proxy, for one connection. */
export interface Tunnel extends Disposable {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a connection to a server through a proxy (RFC 9110, 9.3.6: CONNECT). It ends in a port of this machine, because
 * Deno's `node:tls` cannot begin on a connection that is there already.
 *
 * @throws {MyPaasError} naming the proxy, when it is not reached or refuses
 */
export async function openTunnel(
  proxy: Proxy,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Tunnel> {
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const hint = `Check ${proxy.variable}; what needs no proxy is named in NO_PROXY.`;
  const fault = (problem: string) => new MyPaasError(`Cannot reach ${target}: ${problem}`, { hint });
  if (proxy.scheme !== "http") throw fault(`only proxies of http:// are spoken here, not ${proxyName(proxy)}`);
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port });
  } catch {
    throw fault(`the proxy ${proxyName(proxy)} is not reached`);
  }
  try {
    const login = proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    const status = await ask(connection, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`);
    if (status === 407) {
      throw new AuthError(`Cannot reach ${target}: the proxy ${proxyName(proxy)} wants a user and a password`, {
        hint,
      });
    }
    if (status !== 200) throw fault(`the proxy ${proxyName(proxy)} does not let it through`);
    return join(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Sends the head of a request and reads the head of the answer. @returns its status; 0 when it has none */
async function ask(connection: Deno.TcpConn, head: string): Promise<number> {
  const bytes = new TextEncoder().encode(head);
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
  const buffer = new Uint8Array(1024);
  let answer = "";
  while (!answer.includes("\r\n\r\n") && answer.length < MAX_ANSWER_BYTES) {
    const count = await connection.read(buffer);
    if (count === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(answer)?.[1] ?? 0);
}

function join(connection: Deno.TcpConn): Tunnel {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.accept().then(async (own) => {
    await Promise.allSettled([own.readable.pipeTo(connection.writable), connection.readable.pipeTo(own.writable)]);
  }).catch(() => {});
  return {
    host: "127.0.0.1",
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
