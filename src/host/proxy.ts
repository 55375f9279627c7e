import { addressToNumber, isIpv4 } from "../service/ipv4.ts";

/** The proxy that requests to a server go through. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string;
  /** `http`, `https`, `socks5`, `socks5h` */
  readonly scheme: string;
  readonly hostname: string;
  readonly port: number;
  /** For the header `proxy-authorization`. */
  readonly authorization: string | undefined;
}

const VARIABLES = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"];
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };

/** Finds the proxy for a URL of https in the environment, by the rules of Deno's `fetch`; undefined when there is none. */
export function proxyOf({ protocol, hostname }: URL, env: (name: string) => string | undefined): Proxy | undefined {
  if (protocol !== "https:" || isExempt(hostname.replace(/^\[|\]$/g, ""), env("NO_PROXY") ?? env("no_proxy") ?? "")) {
    return undefined;
  }
  for (const variable of VARIABLES) {
    const proxy = readProxy(variable, env(variable) ?? "");
    if (proxy !== undefined) return proxy;
  }
  return undefined;
}

/** How messages name it: a password stays out. */
export function proxyName({ variable, scheme, hostname, port }: Proxy): string {
  return `${scheme}://${hostname}:${port} (${variable})`;
}

function readProxy(variable: string, value: string): Proxy | undefined {
  const url = URL.parse(/^[a-z0-9]+:\/\//i.test(value) ? value : `http://${value}`);
  const scheme = url?.protocol.slice(0, -1) ?? "";
  const usual = PORTS[scheme];
  // A user without a password is not understood.
  if (url === null || usual === undefined || url.hostname === "" || (url.username === "") !== (url.password === "")) {
    return undefined;
  }
  const login = new TextEncoder().encode(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
  return {
    variable,
    scheme,
    hostname: url.hostname,
    port: Number(url.port) || usual,
    authorization: url.username === "" ? undefined : `Basic ${login.toBase64()}`,
  };
}

function isExempt(host: string, list: string): boolean {
  return list.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "").some((entry) => {
    const [network = "", bits] = entry.split("/");
    if (isIpv4(host) && isIpv4(network)) {
      const size = 2 ** (32 - Number(bits ?? 32));
      return Math.floor(addressToNumber(host) / size) === Math.floor(addressToNumber(network) / size);
    }
    if (isIpv4(host) || host.includes(":")) return host === entry;
    const name = entry.replace(/^\./, "");
    return entry === "*" || host === name || host.endsWith(`.${name}`);
  });
}
