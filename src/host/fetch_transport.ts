import type { Transport } from "../client/transport.ts";
import { CutOffError, errorOfKind, type FailureKind, type MyPaasError } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";

export interface FetchTransportOptions {
  readonly name: string;
  /** Scheme and authority of every request. */
  readonly base: string;
  readonly client: Deno.HttpClient;
  /** Names what a failure of `fetch` was, and what to do. */
  readonly describe: (failure: FetchFailure) => FetchProblem;
  /** Longest wait for the head of an answer; 60 s, for a request may carry 20 s of upload. */
  readonly answerTimeoutMs?: number | undefined;
}

export interface FetchProblem {
  readonly problem: string;
  readonly hint?: string;
  /** `auth` when it is not sure who is at the other end; default: `failed`, and trying again may help. */
  readonly kind?: FailureKind;
  /** Trying again cannot help. */
  readonly skew?: boolean;
}

export type FetchFailure =
  | "name not found"
  | "refused"
  | "no socket"
  | "not permitted"
  | "untrusted certificate"
  | "certificate for another name"
  | "certificate expired"
  | "no TLS"
  | "closed before TLS"
  | "proxy refuses"
  | "proxy wants a login"
  | "time-out"
  | "broken off";

/** Sends requests with `fetch` and turns its failures into one sentence each. Redirects are not followed: a signature is for one path. */
export function fetchTransport(options: FetchTransportOptions): Transport {
  const { name, base, client, describe, answerTimeoutMs = 60_000 } = options;

  function sentence(failure: FetchFailure, cause: unknown): MyPaasError {
    const { problem, hint, kind = "failed", skew } = describe(failure);
    const message = `Cannot reach ${name}: ${problem}`;
    if (failure === "broken off" || failure === "closed before TLS") return new CutOffError(message, { cause, hint });
    return errorOfKind(kind, message, { cause, hint, skew });
  }

  return {
    name,
    async send(path, init) {
      const giveUp = new AbortController();
      const signal = init.signal ? AbortSignal.any([init.signal, giveUp.signal]) : giveUp.signal;
      try {
        return await within(fetch(base + path, { ...init, client, signal, redirect: "manual" }), {
          what: `${name} answers`,
          timeoutMs: answerTimeoutMs,
          signal: init.signal,
        });
      } catch (error) {
        giveUp.abort();
        init.signal?.throwIfAborted();
        if (error instanceof TimeoutError) throw sentence("time-out", error);
        if (error instanceof TypeError) throw sentence(failureOf(error.message), error);
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** Deno's fetch has one class for every failure and no code: only its text tells them apart. Each has a test. */
function failureOf(text: string): FetchFailure {
  if (text.includes("dns error")) return "name not found";
  if (text.includes("Connection refused")) return "refused";
  if (text.includes("No such file or directory")) return "no socket";
  if (text.includes("Permission denied")) return "not permitted";
  if (text.includes("certificate not valid for name")) return "certificate for another name";
  if (text.includes("certificate expired") || text.includes("certificate not valid yet")) return "certificate expired";
  if (text.includes("invalid peer certificate")) return "untrusted certificate";
  if (text.includes("InvalidContentType")) return "no TLS";
  if (text.includes("tls handshake eof")) return "closed before TLS";
  if (text.includes("proxy authentication required")) return "proxy wants a login";
  if (text.includes("tunnel")) return "proxy refuses";
  if (text.includes("timed out")) return "time-out";
  return "broken off";
}
