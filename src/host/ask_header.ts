import type { HeaderAnswer, NameCheckParts } from "../daemon/name_check.ts";
import { TimeoutError, within } from "../wait.ts";

/** How long an answer may take. */
const ANSWER_TIMEOUT_MS = 4000;

/**
 * Sends `GET http://host/path` to one address, whatever proxy the environment names, and reads one header of the answer;
 * a redirect is an answer. The body is never read, and the client takes no more than a few hundred KB of headers.
 */
export async function askHeader(
  { address, port, host, path, header }: Parameters<NameCheckParts["askHeader"]>[0],
): Promise<HeaderAnswer> {
  const ended = new AbortController();
  using client = Deno.createHttpClient({
    proxy: { transport: "tcp", hostname: address, port },
    allowHost: true,
    poolMaxIdlePerHost: 0,
    http2: false,
  });
  try {
    const answer = fetch(`http://${address.includes(":") ? `[${address}]` : address}:${port}${path}`, {
      headers: { host },
      redirect: "manual",
      signal: ended.signal,
      client,
    });
    const response = await within(answer, { what: `${address} answers`, timeoutMs: ANSWER_TIMEOUT_MS });
    return { kind: "answer", header: response.headers.get(header) ?? undefined };
  } catch (error) {
    return { kind: error instanceof TimeoutError ? "no answer" : failureOf(String(error)) };
  } finally {
    ended.abort();
  }
}

/** Deno's fetch has one class for every failure and no code: only its text tells them apart. Each has a test. */
function failureOf(text: string): "refused" | "unreachable" | "no answer" {
  if (text.includes("Connection refused")) return "refused";
  return /unreachable|No route to host|Address family not supported/i.test(text) ? "unreachable" : "no answer";
}
