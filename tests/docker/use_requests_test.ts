import { assertEquals } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineUses } from "../../src/docker/engine_uses.ts";
import { containerUse, memoryInUse, runningContainers } from "../../src/docker/use_requests.ts";
import { FakeEngine } from "../fakes/fake_engine.ts";

/** From Engine 20.10.24 with cgroup v1, shortened. */
const TOLD = {
  read: "2026-11-22T19:18:56.675754311Z",
  preread: "0001-01-01T00:00:00Z",
  cpu_stats: {
    cpu_usage: { total_usage: 2166670028, percpu_usage: [468718551, 1697951477] },
    system_cpu_usage: 24926270000000,
  },
  memory_stats: {
    usage: 2584576,
    max_usage: 3584000,
    stats: { inactive_file: 1982464, rss: 65536, total_inactive_file: 1982464, total_rss: 65536 },
    limit: 67108864,
  },
  name: "/aa",
};
/** From the same Engine where a controller is not mounted, and for a container that has ended. */
const NOTHING = {
  read: "0001-01-01T00:00:00Z",
  cpu_stats: { cpu_usage: { total_usage: 0 } },
  memory_stats: {},
  name: "/aa",
};

Deno.test("containerUse() asks for one sample, and reads CPU time and memory as docker stats counts it", () => {
  const { path, decode } = containerUse({ id: "ab", name: "blog.7.1" });
  assertEquals(path, "/containers/ab/stats?stream=0&one-shot=1");
  const memoryBytes = 2584576 - 1982464;
  assertEquals(decode(TOLD), { at: Date.parse("2026-11-22T19:18:56.675Z"), cpuSeconds: 2.166670028, memoryBytes });
  // cgroup v2 has no total_ fields
  const v2 = { ...TOLD, memory_stats: { usage: 3000, stats: { inactive_file: 1000, file: 1200 } } };
  assertEquals(decode(v2)?.memoryBytes, 2000);
});

Deno.test("containerUse() says that an Engine without numbers has none", () => {
  assertEquals(containerUse({ id: "ab", name: "blog.7.1" }).decode(NOTHING), undefined);
});

Deno.test("memoryInUse() never takes away more than there is", () => {
  assertEquals([memoryInUse(100, 30), memoryInUse(100, 100), memoryInUse(100, 200), memoryInUse(100)], [
    70,
    100,
    100,
    100,
  ]);
});

Deno.test("runningContainers() leaves out what has ended", () => {
  const filters = { label: ["mypaas.part=replica"], status: ["running"] };
  assertEquals(
    runningContainers(["mypaas.part=replica"]).path,
    `/containers/json?filters=${encodeURIComponent(JSON.stringify(filters))}`,
  );
});

Deno.test("EngineUses asks the Engine only where the kernel tells nothing, and about no other service", async () => {
  const pids: Readonly<Record<string, number>> = { seen: 812, unseen: 813, silent: 814, ended: 0 };
  await using engine = new FakeEngine({
    answer: ({ path }) => {
      const [, , id = "", what] = path.split(/[/?]/);
      if (id === "json") return Response.json(["seen", "unseen", "silent", "ended", "gone", "other"].map(listed));
      const Pid = pids[id];
      if (Pid === undefined) return undefined;
      if (what === "stats") return Response.json(id === "unseen" ? TOLD : NOTHING);
      return Response.json(container(Pid));
    },
  });
  using client = new DockerClient(engine.socket);
  const kernelUse = (pid: number) =>
    Promise.resolve(pid === 812 ? { at: 1, cpuSeconds: 2, memoryBytes: 3 } : undefined);
  const uses = await new EngineUses({ client, instance: "ab", kernelUse }).uses(new Set(["blog"]));
  assertEquals(uses.map(({ id, use }) => [id.n, use?.cpuSeconds]), [
    [0, 2],
    [1, 2.166670028],
    [2, undefined],
    [3, undefined],
    [4, undefined],
  ]);
  const asked = engine.calls.filter(({ path }) => path.includes("/stats")).map(({ path }) => path.split("/")[2]);
  assertEquals(asked.sort(), ["silent", "unseen"]);
  assertEquals(engine.calls.some(({ path }) => path.includes("/other/")), false);
});

/** As an Engine lists one; `other` is of another service. */
function listed(Id: string, n: number) {
  const service = Id === "other" ? "shop" : "blog";
  return { Id, Labels: { "mypaas.service": service, "mypaas.release": "7", "mypaas.replica": String(n) } };
}

/** As an Engine describes one; without a process it has ended. */
function container(Pid: number) {
  const State = { Status: "running", Running: Pid > 0, Pid, ExitCode: 0, StartedAt: "" };
  return { Id: "x", Name: "/x", State, HostConfig: {}, Config: {}, NetworkSettings: { Networks: null } };
}
