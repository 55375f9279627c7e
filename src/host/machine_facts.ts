import { statfsSync } from "node:fs";
import type { ClockFacts, DiskFacts, MemoryFacts } from "../doctor/machine.ts";
import { MyPaasError } from "../error.ts";
import { diskSpace } from "./disk_space.ts";
import { readText } from "./files.ts";
import { defaultInterface } from "./machine_address.ts";
import { runProgram } from "./program.ts";

/** Room for `struct timex` of adjtimex(2), which has 208 bytes on 64-bit machines. */
const TIMEX_BYTES = 256;
/** Where it has `maxerror`, in microseconds: 64-bit Linux. */
const MAXERROR_OFFSET = 24;
/** As `timedatectl` decides: the kernel's estimate of the error grows to this when nobody corrects the clock. */
const SYNCHRONISED_BELOW = 16_000_000n;

/** Asks the kernel whether its clock is kept in step; whoever keeps it (chrony, ntpd, systemd) tells the kernel. */
export function clockFacts(): ClockFacts {
  using library = openLibc();
  const timex = new Uint8Array(TIMEX_BYTES);
  if (library.symbols.adjtimex(timex) < 0) throw new MyPaasError("Cannot ask the kernel's clock: it refused");
  return { synchronised: new DataView(timex.buffer).getBigInt64(MAXERROR_OFFSET, true) < SYNCHRONISED_BELOW };
}

function openLibc() {
  const library = Deno.dlopen("libc.so.6", { adjtimex: { parameters: ["buffer"], result: "i32" } });
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}

/** Reads `/proc/meminfo` (proc(5)), which counts in kibibytes. */
export async function memoryFacts(): Promise<MemoryFacts> {
  const text = await Deno.readTextFile("/proc/meminfo");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { total: bytes("MemTotal"), available: bytes("MemAvailable"), swap: bytes("SwapTotal") };
}

/** Looks at the disks of some paths, each disk once; a path that is not there is left out. */
export async function diskFacts(paths: readonly string[]): Promise<readonly DiskFacts[]> {
  const disks = new Map<number, string[]>();
  for (const path of paths) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (info !== undefined) disks.set(info.dev, [...disks.get(info.dev) ?? [], path]);
  }
  return [...disks.values()].map((on) => {
    const [path = "/"] = on;
    const { blocks, bsize, ffree, files } = statfsSync(path);
    const { free, reserve } = diskSpace(path);
    return { paths: on, free, reserve, total: blocks * bsize, freeInodes: ffree, inodes: files };
  });
}

/** Bytes on the disk of all files below a folder; what vanishes meanwhile has none. */
export async function folderBytes(path: string, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    for (const entry of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
      const inside = `${folder}/${entry.name}`;
      if (entry.isDirectory) folders.push(inside);
      else if (entry.isFile) bytes += ((await Deno.lstat(inside).catch(() => undefined))?.blocks ?? 0) * 512;
    }
  }
  return bytes;
}

const TOOL_TIMEOUT_MS = 5000;

/** The packet filter, as its tools print it; `ipv6` as well, if asked. */
export async function packetFilter(ipv6: boolean): Promise<{
  readonly tables: readonly string[];
  readonly nft: string | undefined;
  readonly interface: string | undefined;
}> {
  const programs = [["iptables-save", "-t", "filter"], ...ipv6 ? [["ip6tables-save", "-t", "filter"]] : []] as const;
  const tables = await Promise.all(programs.map(([program = "", ...args]) => output([program, ...args])));
  return {
    tables: tables.filter((text) => text !== undefined),
    nft: await output(["nft", "list", "ruleset"]),
    interface: defaultInterface(await Deno.readTextFile("/proc/net/route")),
  };
}

async function output(words: readonly [string, ...string[]]): Promise<string | undefined> {
  const { code, stdout } = await runProgram(words, { timeoutMs: TOOL_TIMEOUT_MS });
  return code === 0 ? stdout : undefined;
}

/** The words that the machine's `dockerd` was started with; none where no such process is seen. */
export async function dockerdCommand(): Promise<readonly string[]> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const comm = await readText(`/proc/${name}/comm`).catch(() => undefined);
    if (comm?.trim() !== "dockerd") continue;
    return (await Deno.readTextFile(`/proc/${name}/cmdline`)).split("\0").filter((word) => word !== "");
  }
  return [];
}

/** All addresses of this machine's interfaces, the loopback ones included. */
export function ownAddresses(): readonly string[] {
  return Deno.networkInterfaces().map(({ address }) => address);
}
