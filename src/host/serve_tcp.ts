import { MyPaasError } from "../error.ts";

export type Handler = (request: Request) => Response | Promise<Response>;

/** A listening server. */
export interface Server {
  /** Stops listening and ends what is open at once, streams that never end included. */
  close(): Promise<void>;
  readonly finished: Promise<void>;
}

/**
 * Serves a handler on a TCP port.
 *
 * @param address where to listen; port 0 takes a free one
 * @returns the server and the port it listens on
 * @throws {MyPaasError} when the port is taken
 */
export function serveTcp(
  address: { readonly hostname: string; readonly port: number },
  handler: Handler,
): Server & { readonly port: number } {
  const abort = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ ...address, signal: abort.signal, onListen() {}, onError: logUnexpected }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new MyPaasError(`Cannot listen on ${address.hostname}:${address.port}: the port is taken`, { cause });
  }
  const close = async () => {
    abort.abort();
    await server.finished;
  };
  return { close, finished: server.finished, port: server.addr.port };
}

/** What a handler did not catch is our bug: the trace goes to the log, nothing of it to the other side. */
export function logUnexpected(error: unknown): Response {
  console.error(error);
  return new Response(null, { status: 500 });
}
