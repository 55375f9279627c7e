import { type TcpSocket, tcpSockets } from "./proc_net.ts";

/**
 * Names the process that listens on a TCP port of this machine, such as `nginx (pid 812)`; `a process that is not shown
 * here` when somebody listens but cannot be found, as from inside a container. Undefined when nobody listens.
 */
export async function portOwner(port: number): Promise<string | undefined> {
  const sockets = await tcpSockets("/proc/self/net");
  const listening = sockets.filter((socket) => socket.state === "listen" && socket.port === port);
  if (listening.length === 0) return undefined;
  const pid = await holderOf(listening);
  if (pid === undefined) return "a process that is not shown here";
  return `${await commandName(pid)} (pid ${pid})`;
}

/** The lowest process id that has one of the sockets open. */
async function holderOf(sockets: readonly TcpSocket[]): Promise<number | undefined> {
  const wanted = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const pids = (await names("/proc")).filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);
  for (const pid of pids) {
    for (const descriptor of await names(`/proc/${pid}/fd`)) {
      if (wanted.has(await target(`/proc/${pid}/fd/${descriptor}`))) return pid;
    }
  }
  return undefined;
}

/** Processes come and go, and some belong to others: what cannot be read is not there. */
async function names(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) found.push(name);
  } catch {
    return [];
  }
  return found;
}

async function target(link: string): Promise<string> {
  try {
    return await Deno.readLink(link);
  } catch {
    return "";
  }
}

async function commandName(pid: number): Promise<string> {
  try {
    return (await Deno.readTextFile(`/proc/${pid}/comm`)).trim();
  } catch {
    return "a process";
  }
}
