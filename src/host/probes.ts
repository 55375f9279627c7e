import type { Probes } from "../deploy/runtime.ts";
import { establishedConnections, listeners } from "./proc_net.ts";

/** Looks at replicas from the machine they run on. */
export function machineProbes(): Probes {
  return {
    httpStatus,
    establishedConnections: (pid, port) => establishedConnections(pid, port),
    oomKills,
    listeners: async (pid) => (await listeners(pid)).filter(({ address }) => address !== DOCKER_DNS),
  };
}

/** The kernel's counter: `oom_kill` of proc(5), vmstat; 0 where the kernel has none. */
async function oomKills(): Promise<number> {
  const vmstat = await Deno.readTextFile("/proc/vmstat");
  return Number(/^oom_kill (\d+)$/m.exec(vmstat)?.[1] ?? 0);
}

/** Docker's own resolver listens inside the network namespace of every container. */
const DOCKER_DNS = "127.0.0.11";

/** No status line is longer; what is, is not HTTP. */
const MAX_STATUS_LINE_BYTES = 4096;

/**
 * Sends one `GET` over a connection of its own and reads no more than the status line.
 *
 * @returns undefined when nothing accepts, no HTTP answer comes within the time, or the signal aborts; then the
 * connection is closed already
 */
export async function httpStatus(
  { address, port, host, path }: Parameters<Probes["httpStatus"]>[0],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const request =
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: mypaas\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
  if (/[\s\0]/.test(path + host)) throw new TypeError(`Not a path and a host: ${JSON.stringify([path, host])}`);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: address, port, signal: ended });
  } catch {
    return undefined;
  }
  const close = closeOnce(connection);
  ended.addEventListener("abort", close, { once: true });
  try {
    // Aborted between the connection and the listener.
    if (ended.aborted) return undefined;
    await writeAll(connection, new TextEncoder().encode(request));
    return statusOf(await readLine(connection));
  } catch {
    return undefined;
  } finally {
    ended.removeEventListener("abort", close);
    close();
  }
}

function closeOnce(connection: Deno.TcpConn): () => void {
  let open = true;
  return () => {
    if (open) connection.close();
    open = false;
  };
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

/** The first line without its end; what came when the other side closed before. */
async function readLine(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(MAX_STATUS_LINE_BYTES);
  let filled = 0;
  while (filled < buffer.length && !buffer.subarray(0, filled).includes(0x0a)) {
    const count = await connection.read(buffer.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return new TextDecoder().decode(buffer.subarray(0, filled)).split("\n", 1)[0] ?? "";
}

function statusOf(line: string): number | undefined {
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(\s|$)/.exec(line)?.[1];
  return status === undefined ? undefined : Number(status);
}
