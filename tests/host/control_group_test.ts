import { assertEquals } from "@std/assert";
import { controlGroupUse } from "../../src/host/control_group.ts";
import { plant, tempFolder } from "./temp_folder.ts";

const STAT = "cache 5000\ninactive_file 900\ntotal_cache 5000\ntotal_inactive_file 1000\n";
const PATH = "/docker/0a1b";

/** What a machine with these files says of process 812. */
async function useOf(files: Readonly<Record<string, string>>) {
  await using folder = await tempFolder();
  await plant(folder.path, { "proc/1/cgroup": "", ...files });
  const use = await controlGroupUse(812, { proc: `${folder.path}/proc`, groups: `${folder.path}/groups` });
  return use && [use.cpuSeconds, use.memoryBytes, Math.abs(use.at - Date.now()) < 60_000];
}

Deno.test("controlGroupUse() reads the groups of a container, each controller below its own folder", async () => {
  assertEquals(
    await useOf({
      "proc/812/cgroup": `13:hugetlb:/\n4:memory:${PATH}\n2:cpuacct:${PATH}\n1:cpu:${PATH}\n0::${PATH}\n`,
      [`groups/memory${PATH}/memory.usage_in_bytes`]: "6000\n",
      [`groups/memory${PATH}/memory.stat`]: STAT,
      [`groups/cpuacct${PATH}/cpuacct.usage`]: "2500000000\n",
    }),
    [2.5, 5000, true],
  );
});

Deno.test("controlGroupUse() finds a controller that shares its folder with another", async () => {
  assertEquals(
    await useOf({
      "proc/812/cgroup": `11:cpu,cpuacct:${PATH}\n4:memory:${PATH}\n`,
      [`groups/memory${PATH}/memory.usage_in_bytes`]: "6000\n",
      [`groups/memory${PATH}/memory.stat`]: STAT,
      [`groups/cpu,cpuacct${PATH}/cpuacct.usage`]: "1000000000\n",
    }),
    [1, 5000, true],
  );
});

Deno.test("controlGroupUse() reads a group of version 2", async () => {
  const path = "/system.slice/docker-0a1b.scope";
  assertEquals(
    await useOf({
      "proc/812/cgroup": `0::${path}\n`,
      [`groups${path}/memory.current`]: "6000\n",
      [`groups${path}/memory.stat`]: "anon 10\nfile 1200\ninactive_file 1000\n",
      [`groups${path}/cpu.stat`]: "usage_usec 2500000\nuser_usec 2000000\n",
    }),
    [2.5, 5000, true],
  );
});

Deno.test("controlGroupUse() says nothing of a process that is gone, nor of groups that are gone or outside", async () => {
  assertEquals(await useOf({}), undefined);
  assertEquals(await useOf({ "proc/812/cgroup": `4:memory:${PATH}\n2:cpuacct:${PATH}\n` }), undefined);
  assertEquals(await useOf({ "proc/812/cgroup": "0::/../docker-0a1b.scope\n" }), undefined);
});
