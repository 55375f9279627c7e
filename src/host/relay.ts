import type { Transport } from "../client/transport.ts";
import { MyPaasError } from "../error.ts";
import { CLIENT_ADDRESS_HEADER, RELAY_HELLO, SSH_USER_HEADER } from "../wire/caller.ts";
import { errorAnswer, toResponse } from "../wire/error_body.ts";
import { removeTree } from "./files.ts";
import { serveUnix } from "./serve_unix.ts";
import { unixTransport } from "./unix_transport.ts";

export interface RelayOptions {
  /** Path of the daemon's socket. */
  readonly daemonSocket: string;
  /** Who is at the other end, for the audit. */
  readonly user: string;
  readonly address: string;
  /** The channel that ssh made. */
  readonly input: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly output: WritableStream<Uint8Array<ArrayBuffer>>;
}

/** What belongs to one connection, not to the request; and who it is from, which only we say. */
const DROPPED = [
  ...["connection", "content-length", "date", "host", "keep-alive", "transfer-encoding", "upgrade"],
  ...[CLIENT_ADDRESS_HEADER, SSH_USER_HEADER],
];
/** Of a daemon that is away for a moment; a client tries again. */
const UNAVAILABLE = 503;

/**
 * Hands the requests of one connection of HTTP/2 to the daemon, until the other end is gone.
 *
 * @throws {MyPaasError} when the daemon does not answer at the start
 */
export async function relay({ daemonSocket, ...options }: RelayOptions): Promise<void> {
  const daemon = unixTransport(daemonSocket);
  try {
    const hello = await daemon.send("/v1/hello", { method: "GET" });
    await hello.body?.cancel();
    await serve(daemon, options);
  } finally {
    daemon.close();
  }
}

async function serve(
  daemon: Transport,
  { user, address, input, output }: Omit<RelayOptions, "daemonSocket">,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-relay-" });
  const path = `${folder}/s`;
  const server = await serveUnix({ path, mode: 0o600 }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers: [string, string][] = [...passedOn(request.headers), [SSH_USER_HEADER, user], [
      CLIENT_ADDRESS_HEADER,
      address,
    ]];
    const { method, body, signal } = request;
    try {
      const answer = await daemon.send(pathname + search, { method, headers, body, signal });
      return new Response(answer.body, { status: answer.status, headers: passedOn(answer.headers) });
    } catch (error) {
      if (error instanceof MyPaasError) return toResponse(errorAnswer(error, UNAVAILABLE));
      if (signal.aborted) return new Response(null, { status: UNAVAILABLE });
      throw error;
    }
  });
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    await removeTree(folder);
    const writer = output.getWriter();
    await writer.write(new TextEncoder().encode(RELAY_HELLO));
    writer.releaseLock();
    await Promise.race([input.pipeTo(connection.writable), connection.readable.pipeTo(output)]).catch(() => {});
  } finally {
    await server.close();
    await removeTree(folder);
  }
}

function passedOn(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => !DROPPED.includes(name));
}
