import type { HeaderAnswer, NameCheckParts } from "../daemon/name_check.ts";
import { within } from "../wait.ts";

/** How long an answer may take. */
const ANSWER_TIMEOUT_MS = 4000;
/** More than that no answer's head may have. */
const MOST_BYTES = 16 * 1024;

type Question = Parameters<NameCheckParts["askHeader"]>[0];

/**
 * Sends `GET path` to one address under the name `host`, whatever proxy the environment names, and reads one header of the
 * answer; a redirect is an answer, and the body is never read. Over a plain connection, because `fetch` writes the address
 * where the name must stand, and `node:http` does not tell what cannot be reached from what refuses.
 */
export async function askHeader(question: Question): Promise<HeaderAnswer> {
  const { address, header } = question;
  const ended = new AbortController();
  try {
    const answer = answerTo(question, ended.signal);
    const head = await within(answer, { what: `${address} answers`, timeoutMs: ANSWER_TIMEOUT_MS });
    if (!head.startsWith("HTTP/1.")) return { kind: "no answer" };
    return { kind: "answer", header: new RegExp(`^${header}:[ \t]*([!-~]*)[ \t]*\r$`, "im").exec(head)?.[1] };
  } catch (error) {
    return { kind: failureOf(error) };
  } finally {
    ended.abort();
  }
}

/** The status line and the headers of the answer, ended by an empty line; or as much as came, or is taken. */
async function answerTo({ address, port, host, path }: Question, signal: AbortSignal): Promise<string> {
  using connection = await Deno.connect({ hostname: address, port });
  // Nobody waits for a connection that was made too late; one that is open ends with the signal.
  signal.throwIfAborted();
  const close = () => connection.close();
  signal.addEventListener("abort", close, { once: true });
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${port === 80 ? host : `${host}:${port}`}`,
    "Connection: close",
    "",
    "",
  ];
  await connection.write(new TextEncoder().encode(lines.join("\r\n")));
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(4096);
  let head = "";
  while (head.length < MOST_BYTES && !head.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    head += decoder.decode(buffer.subarray(0, count));
  }
  signal.removeEventListener("abort", close);
  return head.split("\r\n\r\n")[0] + "\r\n";
}

function failureOf(error: unknown): "refused" | "unreachable" | "no answer" {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ECONNREFUSED":
      return "refused";
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EAFNOSUPPORT":
    case "EADDRNOTAVAIL":
      return "unreachable";
    default:
      return "no answer";
  }
}
