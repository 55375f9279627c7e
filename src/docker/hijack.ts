import { joinBytes } from "../archive/byte_reader.ts";
import type { DockerClient } from "./client.ts";
import { EngineError, engineReason } from "./engine_error.ts";
import type { DockerHijack } from "./request.ts";

/** No head of an answer is longer. */
const MAX_HEAD_BYTES = 64 * 1024;
/** No sentence of a refusal is longer. */
const MAX_REFUSAL_BYTES = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** A connection that belongs to a process in a container. */
export interface HijackedStream {
  /** Until the other side ends it. */
  readonly bytes: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** The process reads its end of input; what it writes still comes. */
  endInput(): Promise<void>;
  close(): void;
}

/**
 * Makes a call that ends the HTTP on its connection: the Engine answers 101, and what follows is the process's own.
 *
 * @throws {EngineError} when Docker refuses, or the connection breaks before
 */
export async function hijack(
  client: Pick<DockerClient, "api" | "socket">,
  request: DockerHijack,
): Promise<HijackedStream> {
  const { version } = await client.api();
  const connection = await connect(client.socket, request);
  try {
    await writeAll(connection, requestBytes(version, request));
    const { status, headers, rest } = await readHead(connection, request);
    if (status !== 101) throw await refusal(connection, { request, status, headers, rest });
    return new Hijacked(connection, { request, rest });
  } catch (error) {
    connection.close();
    throw error instanceof EngineError ? error : broken(request, error);
  }
}

class Hijacked implements HijackedStream {
  readonly #connection: Deno.UnixConn;
  readonly #request: DockerHijack;
  #rest: Uint8Array;

  constructor(connection: Deno.UnixConn, { request, rest }: { request: DockerHijack; rest: Uint8Array }) {
    this.#connection = connection;
    this.#request = request;
    this.#rest = rest;
  }

  get bytes(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#connection, bytes);
  }

  async endInput(): Promise<void> {
    await this.#connection.closeWrite();
  }

  close(): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    // What came behind the head in the same read is the process's first output.
    if (this.#rest.length > 0) yield this.#rest;
    this.#rest = new Uint8Array();
    while (true) {
      const chunk = await readChunk(this.#connection).catch((error) => {
        throw broken(this.#request, error);
      });
      if (chunk === undefined) return;
      yield chunk;
    }
  }
}

async function connect(socket: string, { action }: DockerHijack): Promise<Deno.UnixConn> {
  try {
    return await Deno.connect({ transport: "unix", path: socket });
  } catch (cause) {
    throw new EngineError(action, { status: 0, reason: `nothing answers at "${socket}"`, cause });
  }
}

function requestBytes(version: string, { path, body }: DockerHijack): Uint8Array {
  const json = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
  const head = [
    `POST /v${version}${path} HTTP/1.1`,
    "Host: docker",
    "Connection: Upgrade",
    "Upgrade: tcp",
    "Content-Type: application/json",
    `Content-Length: ${json.length}`,
  ];
  return joinBytes([new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`), json]);
}

interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** What was read behind it. */
  readonly rest: Uint8Array;
}

async function readHead(connection: Deno.UnixConn, { action }: DockerHijack): Promise<Head> {
  let read: Uint8Array = new Uint8Array();
  while (read.length < MAX_HEAD_BYTES) {
    const chunk = await readChunk(connection);
    if (chunk === undefined) break;
    read = joinBytes([read, chunk]);
    // The head is ASCII: one character is one byte.
    const end = new TextDecoder("latin1").decode(read).indexOf("\r\n\r\n");
    if (end < 0) continue;
    const [first = "", ...lines] = new TextDecoder("latin1").decode(read.subarray(0, end)).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(first)?.[1] ?? NaN);
    if (Number.isNaN(status)) break;
    return { status, headers: headersOf(lines), rest: read.subarray(end + 4) };
  }
  throw new EngineError(action, { status: 0, reason: "Docker gave no answer that can be read" });
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value = ""] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name !== undefined) headers.append(name, value);
  }
  return headers;
}

/** The reason that comes with a refusal; without a length it might never end, and is not waited for. */
async function refusal(
  connection: Deno.UnixConn,
  { request, status, headers, rest }: Head & { readonly request: DockerHijack },
): Promise<EngineError> {
  const length = Math.min(Number(headers.get("content-length") ?? 0), MAX_REFUSAL_BYTES);
  let body = rest;
  while (body.length < length) {
    const chunk = await readChunk(connection);
    if (chunk === undefined) break;
    body = joinBytes([body, chunk]);
  }
  return new EngineError(request.action, { status, reason: reasonOf(body) ?? `it answered ${status}` });
}

function reasonOf(body: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(body).trim();
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string" && message !== "") return engineReason(message);
  } catch { /* not JSON */ }
  return text === "" ? undefined : text;
}

async function readChunk(connection: Deno.UnixConn): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  const count = await connection.read(buffer);
  return count === null ? undefined : buffer.subarray(0, count);
}

async function writeAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

function broken({ action }: DockerHijack, cause: unknown): EngineError {
  return new EngineError(action, {
    status: 0,
    reason: "the connection to Docker broke",
    cause,
    hint: "Check that Docker runs: systemctl status docker",
  });
}
