/** One line of `/proc/net/tcp` or `tcp6`. */
export interface TcpSocket {
  /** `127.0.0.1`, `::1`; IPv4 inside IPv6 as plain IPv4. */
  readonly address: string;
  readonly port: number;
  readonly state: "established" | "listen" | "other";
  /** Number of the socket, by which a process's file descriptors name it. */
  readonly inode: string;
}

/** Address and port as a process sees it listen. */
export interface Listener {
  readonly address: string;
  readonly port: number;
}

/**
 * Established TCP connections to a port inside the network namespace of a process; 0 when the process is gone.
 *
 * @param proc another folder than `/proc`, for tests
 */
export async function establishedConnections(pid: number, port: number, proc = "/proc"): Promise<number> {
  const sockets = await tcpSockets(`${proc}/${pid}/net`);
  return sockets.filter((socket) => socket.state === "established" && socket.port === port).length;
}

/** The listening TCP sockets in the network namespace of a process; none when it is gone. */
export async function listeners(pid: number, proc = "/proc"): Promise<readonly Listener[]> {
  const sockets = await tcpSockets(`${proc}/${pid}/net`);
  return sockets.filter(({ state }) => state === "listen").map(({ address, port }) => ({ address, port }));
}

/** All TCP sockets of a network namespace, IPv4 first. `folder` is such as `/proc/812/net`. */
export async function tcpSockets(folder: string): Promise<readonly TcpSocket[]> {
  const tables = await Promise.all([readTable(`${folder}/tcp`), readTable(`${folder}/tcp6`)]);
  return tables.flatMap(parseTcpTable);
}

/**
 * Parses `/proc/net/tcp` or `tcp6` (proc(5)): hex columns, a port as a number, an address as 32-bit words in the byte order
 * of the machine, which is little-endian on all that Deno runs on.
 */
export function parseTcpTable(text: string): readonly TcpSocket[] {
  return text.split("\n").slice(1).flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [address, port] = (columns[1] ?? "").split(":");
    if (address === undefined || port === undefined) return [];
    const state = columns[3] === "01"
      ? "established" as const
      : columns[3] === "0A"
      ? "listen" as const
      : "other" as const;
    return [{ address: parseAddress(address), port: parseInt(port, 16), state, inode: columns[9] ?? "" }];
  });
}

function parseAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).map((byte) => parseInt(byte, 16)).reverse()
  );
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.slice(12).join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  // The URL parser writes IPv6 the short way (RFC 5952).
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** Empty when the process is gone, or the machine has no IPv6. */
async function readTable(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    // A process that ends while its file is read gives ESRCH or EINVAL in place of "not found".
    if (error instanceof Deno.errors.NotFound || gone(error)) return "";
    throw error;
  }
}

function gone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ESRCH" || code === "EINVAL";
}
