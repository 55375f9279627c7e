import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { within } from "../../src/wait.ts";

/** Where a Traefik of this machine listens. */
export interface Door {
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** What a visitor gets. */
export interface Page {
  readonly status: number;
  /** Where it sends to. */
  readonly location?: string;
  readonly hsts?: string;
  readonly text: string;
}

/**
 * Asks for `http://host/path` or `https://host/path` as a visitor does who takes any certificate. HTTP/1.0, so that the body
 * comes as it is.
 */
export async function visit({ httpPort, httpsPort }: Door, url: string): Promise<Page> {
  const { protocol, hostname, pathname, search } = new URL(url);
  const secure = protocol === "https:";
  const answer = new Promise<string>((resolve, reject) => {
    const ask = () => socket.write(`GET ${pathname}${search} HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`);
    const socket = secure
      ? connectTls({ host: "127.0.0.1", port: httpsPort, servername: hostname, rejectUnauthorized: false }, ask)
      : connectTcp({ host: "127.0.0.1", port: httpPort }, ask);
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => text += part).on("end", () => resolve(text));
    socket.on("error", reject);
  });
  const [head = "", text = ""] = (await within(answer, { what: `${url} answers`, timeoutMs: 20_000 })).split(
    "\r\n\r\n",
  );
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(head)?.[1]);
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim();
  const location = header("location");
  const hsts = header("strict-transport-security");
  return { status, ...(location !== undefined && { location }), ...(hsts !== undefined && { hsts }), text };
}
