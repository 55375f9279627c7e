import * as v from "valibot";
import type { DockerFacts } from "../doctor/docker.ts";
import type { OwnedFacts } from "../doctor/state.ts";
import { Label } from "../service/names.ts";
import type { DockerClient } from "./client.ts";
import { listContainers } from "./container_requests.ts";
import { listNetworks } from "./network_requests.ts";
import { decodeAs, type DockerRequest } from "./request.ts";

const InfoSchema = v.object({
  Driver: v.optional(v.string(), ""),
  LoggingDriver: v.optional(v.string(), ""),
  LiveRestoreEnabled: v.optional(v.boolean(), false),
  DockerRootDir: v.optional(v.string(), "/var/lib/docker"),
  Swarm: v.nullish(v.object({ LocalNodeState: v.optional(v.string(), "") })),
});

function info(): DockerRequest<v.InferOutput<typeof InfoSchema>> {
  return { action: "ask Docker's settings", method: "GET", path: "/info", decode: decodeAs(InfoSchema) };
}

/** What Docker says of itself. */
export async function engineFacts(
  client: DockerClient,
  signal: AbortSignal,
): Promise<Omit<DockerFacts, "command" | "settings"> & { readonly folder: string }> {
  const { engine } = await client.api();
  const { Driver, LoggingDriver, LiveRestoreEnabled, DockerRootDir, Swarm } = await client.run(info(), signal);
  return {
    engine,
    storageDriver: Driver,
    logDriver: LoggingDriver,
    liveRestore: LiveRestoreEnabled,
    swarm: (Swarm?.LocalNodeState ?? "inactive") !== "inactive",
    folder: DockerRootDir,
  };
}

/** Containers and networks with a server's label. */
export async function ownedObjects(
  client: DockerClient,
  instance: string,
  signal: AbortSignal,
): Promise<Pick<OwnedFacts, "containers" | "networks">> {
  const label = [`${Label.instance}=${instance}`];
  const containers = await client.run(listContainers(label), signal);
  const networks = await client.run(listNetworks(label), signal);
  return {
    containers: containers.map(({ name, labels }) => ({
      name,
      part: labels[Label.part],
      service: labels[Label.service],
      release: labels[Label.release] === undefined ? undefined : Number(labels[Label.release]),
    })),
    networks: networks.map(({ name }) => name),
  };
}
