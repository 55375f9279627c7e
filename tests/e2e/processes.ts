import { waitUntil } from "../../src/wait.ts";

/** The numbers of one line of `/proc/<pid>/status`, such as `Uid` or `CapEff`. */
export async function statusField(pid: number, field: string): Promise<readonly string[]> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const line = status.split("\n").find((one) => one.startsWith(`${field}:`)) ?? "";
  return line.split(/\s+/).slice(1);
}

/** Memory of a process in bytes, with its part of what it shares: PSS, proc(5). */
export async function proportionalSetSize(pid: number): Promise<number> {
  const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(rollup.match(/^Pss:\s+(\d+) kB$/m)?.[1]) * 1024;
}

/** Memory of a process in bytes, shared pages and all: `VmRSS`, proc(5). */
export async function residentSetSize(pid: number): Promise<number> {
  return Number((await statusField(pid, "VmRSS"))[0]) * 1024;
}

/** CPU seconds that a process has used, all threads: fields 14 and 15 of `/proc/<pid>/stat`, in ticks of 10 ms. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function cpuOfAll(pids: readonly number[]): Promise<number> {
  return (await Promise.all(pids.map(cpuSeconds))).reduce((sum, one) => sum + one, 0);
}

/** Waits until processes have done what was left to do and given memory back: nine seconds with hardly any CPU. */
export async function untilQuiet(pids: readonly number[]): Promise<void> {
  let quiet = 0;
  let before = 0;
  await waitUntil(async () => {
    const now = await cpuOfAll(pids);
    quiet = now - before < 0.02 ? quiet + 1 : 0;
    before = now;
    return quiet >= 3;
  }, { what: "what was done before is over", timeoutMs: 60_000, intervalMs: 3000 });
}

/** CPU seconds per minute that processes use in a window from now on. */
export async function cpuPerMinute(pids: readonly number[], windowSeconds: number): Promise<number> {
  const begin = performance.now();
  const used = await cpuOfAll(pids);
  await waitUntil(() => performance.now() >= begin + windowSeconds * 1000, {
    what: "the window is over",
    timeoutMs: (windowSeconds + 10) * 1000,
    intervalMs: 1000,
  });
  return (await cpuOfAll(pids) - used) * 60_000 / (performance.now() - begin);
}

/** Ports on which a process itself listens on TCP: its sockets, found in the tables of its network. */
export async function listeningPorts(pid: number): Promise<readonly number[]> {
  const inodes = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    const inode = target.match(/^socket:\[(\d+)\]$/)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => Deno.readTextFile(`/proc/${pid}/net/${name}`)));
  return tables.flatMap((table) => table.split("\n")).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, port] = (fields[1] ?? "").split(":");
    return fields[3] === "0A" && inodes.has(fields[9] ?? "") ? [parseInt(port ?? "", 16)] : [];
  });
}
