import { dirname } from "node:path";
import { MyPaasError, UsageError } from "../error.ts";
import { MAX_SOCKET_PATH_BYTES } from "../setup/layout.ts";
import { removeFile } from "./files.ts";
import { type Handler, logUnexpected, type Server } from "./serve_tcp.ts";

export interface UnixSocketOptions {
  readonly path: string;
  /** Permission bits; write is what a client needs to connect. */
  readonly mode: number;
  /** Undefined: whoever runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Serves a handler on a unix socket. A socket file that a killed process left is removed, so the caller must hold the lock
 * that shows that no other one lives.
 *
 * @throws {UsageError} when the path is longer than Linux takes
 * @throws {MyPaasError} when the folder is not there
 */
export async function serveUnix({ path, mode, owner }: UnixSocketOptions, handler: Handler): Promise<Server> {
  const length = new TextEncoder().encode(path).length;
  if (length > MAX_SOCKET_PATH_BYTES) {
    throw new UsageError(
      `Cannot listen on "${path}": a socket path has at most ${MAX_SOCKET_PATH_BYTES} bytes, this one ${length}`,
      {
        hint: "Choose a shorter folder for --root.",
      },
    );
  }
  await removeFile(path);
  const abort = new AbortController();
  let server: Deno.HttpServer;
  try {
    // Deno makes the socket 0755: until chmod only its owner can connect.
    server = Deno.serve({ path, signal: abort.signal, onListen() {}, onError: logUnexpected }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new MyPaasError(`Cannot listen on "${path}": there is no folder "${dirname(path)}"`, { cause });
  }
  const close = async () => {
    abort.abort();
    await server.finished;
    await removeFile(path);
  };
  try {
    if (owner) await Deno.chown(path, owner.uid, owner.gid);
    await Deno.chmod(path, mode);
  } catch (error) {
    await close();
    throw error;
  }
  return { close, finished: server.finished };
}
