import { connect, type Socket } from "node:net";
import { AuthError, MyPaasError } from "../error.ts";
import { type Proxy, proxyName } from "./proxy.ts";

/** A proxy answers with a status line and headers; more of it is no answer. */
const MAX_ANSWER_BYTES = 16 << 10;

/**
 * Opens a connection to a server through a proxy (RFC 9110, 9.3.6: CONNECT).
 *
 * @throws {MyPaasError} naming the proxy, when it is not reached or refuses
 */
export async function openTunnel(
  proxy: Proxy,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Socket> {
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const fault = (problem: string) =>
    new MyPaasError(`Cannot reach ${target}: ${problem}`, {
      hint: `Check ${proxy.variable}; what needs no proxy is named in NO_PROXY.`,
    });
  if (proxy.scheme !== "http") throw fault(`only proxies of http:// are spoken here, not ${proxyName(proxy)}`);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = connect(proxy.port, proxy.hostname.replace(/^\[|\]$/g, ""), () => {
    const login = proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`);
  });
  let answer = "";
  const read = (part: Uint8Array) => {
    answer += new TextDecoder().decode(part);
    if (answer.includes("\r\n\r\n") || answer.length > MAX_ANSWER_BYTES) {
      resolve(Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(answer)?.[1]));
    }
  };
  socket.on("data", read);
  socket.on("error", () => reject(fault(`the proxy ${proxyName(proxy)} is not reached`)));
  socket.on("close", () => reject(fault(`the proxy ${proxyName(proxy)} ended the connection`)));
  try {
    const status = await promise;
    if (status === 407) {
      const { message, hint } = fault(`the proxy ${proxyName(proxy)} wants a user and a password`);
      throw new AuthError(message, { hint });
    }
    if (status !== 200) throw fault(`the proxy ${proxyName(proxy)} does not let it through`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.off("data", read);
  return socket;
}
