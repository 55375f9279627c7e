import type { Transport } from "../client/transport.ts";
import { MyPaasError } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";

export interface FetchTransportOptions {
  readonly name: string;
  /** Scheme and authority of every request. */
  readonly base: string;
  readonly client: Deno.HttpClient;
  /** Names what a failure of `fetch` was, and what to do. */
  readonly describe: (failure: FetchFailure) => { readonly problem: string; readonly hint?: string };
  /** Longest wait for the head of an answer; 60 s, for a request may carry 20 s of upload. */
  readonly answerTimeoutMs?: number | undefined;
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
  | "time-out"
  | "broken off";

/** Sends requests with `fetch` and turns its failures into one sentence each. Redirects are not followed: a signature is for one path. */
export function fetchTransport(options: FetchTransportOptions): Transport {
  const { name, base, client, describe, answerTimeoutMs = 60_000 } = options;

  function sentence(failure: FetchFailure, cause: unknown): MyPaasError {
    const { problem, hint } = describe(failure);
    return new MyPaasError(`Cannot reach ${name}: ${problem}`, { cause, hint });
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
  if (text.includes("InvalidContentType") || text.includes("tls handshake eof")) return "no TLS";
  if (text.includes("timed out")) return "time-out";
  return "broken off";
}
