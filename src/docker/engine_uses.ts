import type { LoadSources, ReplicaUse, RunningReplica } from "../daemon/load_sources.ts";
import { Label, replicaName } from "../service/names.ts";
import type { DockerClient } from "./client.ts";
import { type ContainerRef, inspectContainer } from "./container_requests.ts";
import { unlessStatus } from "./engine_error.ts";
import { replicaIdOf } from "./replica_state.ts";
import { containerUse, runningContainers } from "./use_requests.ts";

export interface EngineUsesOptions {
  readonly client: DockerClient;
  /** The server id: the label by which our containers are known. */
  readonly instance: string;
  /**
   * Asks the kernel about a process's container. That is asked first: Engine 20.10 takes up to a second for its numbers, and
   * has none on a cgroup v1 of which not all controllers are mounted. But a daemon in a container does not see cgroup v2.
   */
  readonly kernelUse: (pid: number) => Promise<ReplicaUse | undefined>;
}

/** What the replicas on this machine's Docker Engine use. */
export class EngineUses implements Pick<LoadSources, "uses"> {
  readonly #client: DockerClient;
  readonly #labels: readonly string[];
  readonly #kernelUse: EngineUsesOptions["kernelUse"];

  constructor({ client, instance, kernelUse }: EngineUsesOptions) {
    this.#client = client;
    this.#labels = [`${Label.instance}=${instance}`, `${Label.part}=replica`];
    this.#kernelUse = kernelUse;
  }

  async uses(services: ReadonlySet<string>): Promise<readonly RunningReplica[]> {
    const running = await this.#client.run(runningContainers(this.#labels));
    const replicas = running.flatMap(({ id: container, labels }) => {
      const id = replicaIdOf(labels);
      return id === undefined || !services.has(id.service) ? [] : [{ id, container }];
    });
    return await Promise.all(replicas.map(async ({ id, container }) => ({
      id,
      use: await this.#use({ id: container, name: replicaName(id) }),
    })));
  }

  async #use(container: ContainerRef): Promise<ReplicaUse | undefined> {
    // One that ends meanwhile is not there any more.
    const found = await unlessStatus([404], this.#client.run(inspectContainer(container.id)));
    if (found === undefined || !found.State.Running) return undefined;
    return await this.#kernelUse(found.State.Pid) ??
      await unlessStatus([404, 409], this.#client.run(containerUse(container)));
  }
}
