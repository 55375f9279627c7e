import type { ReplicaUse } from "../daemon/load_sources.ts";

/** Other folders than the machine's own, for tests. */
interface Folders {
  readonly proc?: string;
  readonly groups?: string;
}

/** Where a container's numbers are below `/sys/fs/cgroup`, and how they are written. */
interface GroupFiles {
  readonly cpu: string;
  readonly cpuSeconds: (text: string) => number;
  readonly memory: string;
  readonly memoryStat: string;
  /** The line of `memoryStat` for file pages that the kernel would give back at once. */
  readonly inactive: RegExp;
}

/**
 * What the container of a process uses, by the kernel's control groups of version 1 or 2, counted as `docker stats` does.
 *
 * @returns undefined when the process is gone, or its groups are not to be seen from here
 */
export async function controlGroupUse(
  pid: number,
  { proc = "/proc", groups = "/sys/fs/cgroup" }: Folders = {},
): Promise<ReplicaUse | undefined> {
  const files = groupFiles(await textOf(`${proc}/${pid}/cgroup`) ?? "");
  if (files === undefined) return undefined;
  const [cpu, memory, stat] = await Promise.all(
    [files.cpu, files.memory, files.memoryStat].map((path) => textOf(groups + path)),
  );
  if (cpu === undefined || memory === undefined || stat === undefined) return undefined;
  const inactive = Number(files.inactive.exec(stat)?.[1] ?? 0);
  return { at: Date.now(), cpuSeconds: files.cpuSeconds(cpu), memoryBytes: Math.max(0, Number(memory) - inactive) };
}

/** A container may end between two looks, and its files with it. */
async function textOf(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)). Version 1 has a line for each controller, or for several that share a folder;
 * version 2 has one line, and `..` in it when the group is outside of what this process may see.
 */
function groupFiles(table: string): GroupFiles | undefined {
  const lines = table.split("\n").flatMap((line) => {
    const [whole, names = "", path = ""] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return whole === undefined ? [] : [{ names, path }];
  });
  const folder = (controller: string) => {
    const line = lines.find(({ names }) => names.split(",").includes(controller));
    return line && `/${line.names}${line.path}`;
  };
  const [cpu, memory] = [folder("cpuacct"), folder("memory")];
  if (cpu !== undefined && memory !== undefined) {
    return {
      cpu: `${cpu}/cpuacct.usage`,
      cpuSeconds: (nanoseconds) => Number(nanoseconds) / 1e9,
      memory: `${memory}/memory.usage_in_bytes`,
      memoryStat: `${memory}/memory.stat`,
      inactive: /^total_inactive_file (\d+)$/m,
    };
  }
  const own = lines.find(({ names }) => names === "")?.path;
  if (own === undefined || own.includes("..")) return undefined;
  return {
    cpu: `${own}/cpu.stat`,
    cpuSeconds: (stat) => Number(/^usage_usec (\d+)$/m.exec(stat)?.[1] ?? 0) / 1e6,
    memory: `${own}/memory.current`,
    memoryStat: `${own}/memory.stat`,
    inactive: /^inactive_file (\d+)$/m,
  };
}
