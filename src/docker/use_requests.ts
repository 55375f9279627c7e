import * as v from "valibot";
import type { ReplicaUse } from "../daemon/load_sources.ts";
import type { ContainerRef } from "./container_requests.ts";
import { apiPath, type DockerRequest, LabelsSchema } from "./request.ts";

const RunningSchema = v.array(v.object({ Id: v.string(), Labels: LabelsSchema }));

/** The running containers that carry the labels. */
export function runningContainers(
  labels: readonly string[],
): DockerRequest<readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[]> {
  return {
    action: "list the running containers",
    method: "GET",
    path: apiPath(["containers", "json"], { filters: { label: labels, status: ["running"] } }),
    decode: (answer) => v.parse(RunningSchema, answer).map(({ Id, Labels }) => ({ id: Id, labels: Labels })),
  };
}

const UseSchema = v.object({
  read: v.string(),
  cpu_stats: v.object({ cpu_usage: v.object({ total_usage: v.number() }) }),
  memory_stats: v.object({
    usage: v.optional(v.number()),
    stats: v.nullish(v.record(v.string(), v.number())),
  }),
});

/**
 * What a container uses now; CPU time in nanoseconds, so that whoever compares two samples knows the rate (`one-shot`: the
 * Engine does not wait for a second one of its own).
 *
 * @returns undefined when the Engine has no numbers: it answers with zeros where its runtime does not find the control
 * group, and for a container that has ended
 */
export function containerUse({ id, name }: ContainerRef): DockerRequest<ReplicaUse | undefined> {
  return {
    action: `read what "${name}" uses`,
    method: "GET",
    path: apiPath(["containers", id, "stats"], { stream: 0, "one-shot": true }),
    decode: (answer) => {
      const { read, cpu_stats, memory_stats } = v.parse(UseSchema, answer);
      if (memory_stats.usage === undefined) return undefined;
      const stats = memory_stats.stats ?? {};
      return {
        at: Date.parse(read),
        cpuSeconds: cpu_stats.cpu_usage.total_usage / 1e9,
        memoryBytes: memoryInUse(memory_stats.usage, stats["total_inactive_file"] ?? stats["inactive_file"]),
      };
    },
  };
}

/**
 * Memory as `docker stats` shows it: without the file pages that the kernel would give back first.
 *
 * @param inactiveFile `total_inactive_file` of cgroup v1, `inactive_file` of cgroup v2
 */
export function memoryInUse(usage: number, inactiveFile = 0): number {
  return inactiveFile < usage ? usage - inactiveFile : usage;
}
