/** What a container uses by the files of its control group (cgroups(7)), of version 1 or 2. */
export interface GroupNumbers {
  readonly cpuSeconds: number;
  /** Without file pages that the kernel would give back at once. */
  readonly memoryBytes: number;
  /** Milliseconds on the clock of `performance.now()`. */
  readonly at: number;
}

/** Reads the control group that a process is in, past Docker and MyPaas. */
export async function groupNumbers(pid: number): Promise<GroupNumbers> {
  const table = await Deno.readTextFile(`/proc/${pid}/cgroup`);
  const unified = /^0::(.*)$/m.exec(table)?.[1] ?? "";
  const v2 = await Deno.stat("/sys/fs/cgroup/cgroup.controllers").then(() => true, () => false);
  const memory = `/sys/fs/cgroup${v2 ? "" : "/memory"}${v2 ? unified : folderOf(table, "memory")}`;
  const [usage, stat] = await Promise.all([
    Deno.readTextFile(`${memory}/${v2 ? "memory.current" : "memory.usage_in_bytes"}`),
    Deno.readTextFile(`${memory}/memory.stat`),
  ]);
  const inactive = (v2 ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m).exec(stat)?.[1];
  const cpuSeconds = v2
    ? Number(/^usage_usec (\d+)$/m.exec(await Deno.readTextFile(`${memory}/cpu.stat`))?.[1]) / 1e6
    : Number(await Deno.readTextFile(`/sys/fs/cgroup/cpuacct${folderOf(table, "cpuacct")}/cpuacct.usage`)) / 1e9;
  return { cpuSeconds, memoryBytes: Number(usage) - Number(inactive), at: performance.now() };
}

function folderOf(table: string, controller: string): string {
  return new RegExp(`^\\d+:(?:\\S+,)?${controller}(?:,\\S+)?:(.*)$`, "m").exec(table)?.[1] ?? "";
}
