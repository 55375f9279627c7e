import type { Transport } from "../client/transport.ts";
import { UsageError } from "../error.ts";
import { type FetchFailure, type FetchProblem, fetchTransport } from "./fetch_transport.ts";
import { type Proxy, proxyName, proxyOf } from "./proxy.ts";

export interface HttpsTransportOptions {
  /** The pinned certificate (PEM) of a server without a domain; undefined: the machine's authorities decide. */
  readonly certificate?: string | undefined;
  readonly answerTimeoutMs?: number;
}

/**
 * The way to a server over the network, through the proxy that the environment names (HTTPS_PROXY, ALL_PROXY, NO_PROXY).
 *
 * @param url scheme, host and port: https, or plain http to this machine itself
 * @throws {UsageError} for any other URL
 */
export function httpsTransport(url: string, { certificate, answerTimeoutMs }: HttpsTransportOptions = {}): Transport {
  const parsed = checkedUrl(url);
  const { protocol, hostname, port, origin } = parsed;
  const caCerts = certificate === undefined ? {} : { caCerts: [certificate] };
  // Straight to this machine, whatever HTTP_PROXY says.
  const proxy = protocol === "http:"
    ? { proxy: { transport: "tcp" as const, hostname: unbracketed(hostname), port: Number(port) || 80 } }
    : {};
  return fetchTransport({
    name: origin,
    base: origin,
    client: Deno.createHttpClient({ ...caCerts, ...proxy, poolMaxIdlePerHost: 0 }),
    answerTimeoutMs,
    describe: (failure) =>
      throughProxy(failure, proxyOf(parsed, (name) => Deno.env.get(name))) ??
        problemOf(failure, { hostname, pinned: certificate !== undefined }),
  });
}

function problemOf(
  failure: FetchFailure,
  { hostname, pinned }: { readonly hostname: string; readonly pinned: boolean },
): FetchProblem {
  switch (failure) {
    case "name not found":
      return {
        problem: `the name "${hostname}" is not found`,
        hint: "Check the name, and that this machine is online.",
      };
    case "refused":
      return { problem: "nothing listens there", hint: "Check the port, and on the server: mypaas ps" };
    case "untrusted certificate":
      return pinned
        ? { problem: "its certificate is not the one of the login", hint: NEW_INVITE, kind: "auth" }
        : { problem: "no authority that this machine knows signed its certificate", hint: NEW_INVITE, kind: "auth" };
    case "certificate for another name":
      return {
        problem: `its certificate is not for "${hostname}"`,
        hint: "Use the name that the invite had.",
        kind: "auth",
      };
    case "certificate expired":
      return {
        problem: "its certificate is not valid at this time",
        hint: `Check the clocks of both machines: here it is ${new Date().toISOString()}.`,
        kind: "auth",
      };
    case "no TLS":
      return { problem: "it does not speak TLS", hint: "Check the port: https has its own.", skew: true };
    case "closed before TLS":
      return { problem: "it closed the connection before TLS began", hint: "Check the port: https has its own." };
    case "time-out":
      return { problem: "it does not answer", hint: "Check the address, and the firewall of the server." };
    default:
      return { problem: "the connection broke off", hint: "Try again." };
  }
}

/** What is the proxy's doing, where there is one: the way to the server was never begun. */
function throughProxy(failure: FetchFailure, proxy: Proxy | undefined): FetchProblem | undefined {
  if (proxy === undefined) return undefined;
  const hint = `Check ${proxy.variable}; what needs no proxy is named in NO_PROXY.`;
  switch (failure) {
    case "name not found":
      return { problem: `the proxy ${proxyName(proxy)} is not found`, hint };
    case "refused":
      return { problem: `nothing listens at the proxy ${proxyName(proxy)}`, hint };
    case "proxy refuses":
      return { problem: `the proxy ${proxyName(proxy)} does not let it through`, hint, skew: true };
    case "proxy wants a login":
      return { problem: `the proxy ${proxyName(proxy)} wants a user and a password`, hint, kind: "auth" };
    case "time-out":
      return { problem: `neither it nor the proxy ${proxyName(proxy)} answers`, hint };
    default:
      return undefined;
  }
}

const NEW_INVITE =
  "Somebody may be in between; if the server was set up anew, make an invite there (mypaas invite) and log in again.";

function checkedUrl(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError(`Cannot use "${url}" as a server: it is no URL`, {
      cause,
      hint: "Such as https://shop.example",
    });
  }
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") {
    throw new UsageError(`Cannot use "${url}" as a server: only https and ssh are spoken`);
  }
  if (parsed.protocol === "http:" && !isLoopback(parsed.hostname)) {
    throw new UsageError(`Cannot use "${url}" as a server: plain http is for this machine only`, {
      hint: "Use https.",
    });
  }
  return parsed;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The URL parser keeps the brackets of an IPv6 address. */
function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
