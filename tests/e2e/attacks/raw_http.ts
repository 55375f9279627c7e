import { TimeoutError, within } from "../../../src/wait.ts";

/** What came back over one connection. */
export interface Answered {
  /** Of the first answer; 0 when the connection was closed without one. */
  readonly status: number;
  readonly headers: Headers;
  /** Body of the first answer, chunks joined. */
  readonly text: string;
  /** Everything that came, as it came. */
  readonly raw: string;
  readonly ms: number;
}

export interface ExchangeOptions {
  /** Ends our side of the connection when nothing was answered for so long: the other side waits for more. */
  readonly cutAfterMs?: number;
  readonly timeoutMs?: number;
}

/** After a whole answer it is listened so long for a second one that nobody asked for, in milliseconds. */
const LISTEN_MS = 100;
const MAX_READ_BYTES = 4 << 20;

/**
 * Writes bytes to a connection and reads what comes, until the other side closes or its answer is whole.
 *
 * @throws {TimeoutError} when neither happens in time (20 s): somebody hangs
 */
export async function exchange(
  connection: Deno.Conn,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  { cutAfterMs, timeoutMs = 20_000 }: ExchangeOptions = {},
): Promise<Answered> {
  const begin = performance.now();
  const closed = new AbortController();
  // An answer may come, and the connection end, before all is written.
  const written = write(connection, bytes, closed.signal).catch(() => {});
  try {
    const raw = await within(read(connection, cutAfterMs), { what: "the connection is answered or closed", timeoutMs });
    return { ...parse(raw), raw, ms: performance.now() - begin };
  } finally {
    closed.abort();
    close(connection);
    await written;
  }
}

async function write(
  connection: Deno.Conn,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
    for (let at = 0; at < part.length;) {
      if (signal.aborted) return;
      at += await connection.write(part.subarray(at));
    }
  }
}

async function read(connection: Deno.Conn, cutAfterMs: number | undefined): Promise<string> {
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(64 << 10);
  let raw = "";
  let cut = cutAfterMs;
  try {
    while (raw.length < MAX_READ_BYTES) {
      const next = connection.read(buffer);
      if (cut !== undefined && raw === "" && await came(next, cut) === undefined) await connection.closeWrite();
      cut = undefined;
      const count = isWhole(raw) ? await came(next, LISTEN_MS) ?? null : await next;
      if (count === null) break;
      raw += decoder.decode(buffer.subarray(0, count));
    }
  } catch {
    // Closed by force is closed.
  }
  return raw;
}

/** What a read gives within a time; undefined when it gives nothing. */
async function came(next: Promise<number | null>, timeoutMs: number): Promise<number | null | undefined> {
  try {
    return await within(next, { what: "more comes", timeoutMs });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    next.catch(() => {});
    return undefined;
  }
}

function isWhole(raw: string): boolean {
  const { head, body } = split(raw);
  if (head === "" || /^HTTP\/1\.1 1\d\d/.test(head)) return false;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  return /^transfer-encoding: *chunked/im.test(head)
    ? /(^|\r\n)0\r\n\r\n/.test(body)
    : /^HTTP\/1.1 (204|304)/.test(head);
}

function split(raw: string): { readonly head: string; readonly body: string } {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) return { head: "", body: "" };
  const [head, body] = [raw.slice(0, end), raw.slice(end + 4)];
  // An interim answer, such as 100 Continue, is none.
  return /^HTTP\/1\.1 1\d\d/.test(head) ? split(body) : { head, body };
}

function parse(raw: string): Pick<Answered, "status" | "headers" | "text"> {
  const { head, body } = split(raw);
  const [first = "", ...lines] = head.split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const [name = "", ...value] = line.split(":");
    headers.append(name, value.join(":").trim());
  }
  const text = headers.get("transfer-encoding") === "chunked" ? joined(body) : body;
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0), headers, text };
}

function joined(body: string): string {
  let text = "";
  for (let at = 0;;) {
    const line = body.indexOf("\r\n", at);
    const size = parseInt(body.slice(at, line), 16);
    if (line < 0 || !(size > 0)) return text;
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** Closes a connection that may be closed already. */
export function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is.
  }
}
