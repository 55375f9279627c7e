import type { ReplicaState } from "../deploy/runtime.ts";
import { Label, type ObjectNames } from "../service/names.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import { unlessStatus } from "./engine_error.ts";
import { ReplicaGlances } from "./replica_glances.ts";
import { byName, replicaIdOf, replicaState } from "./replica_state.ts";

/** Looks at many replicas at once. */
export class ReplicaList {
  readonly #client: DockerClient;
  readonly #names: ObjectNames;
  readonly #instance: string;
  readonly #glances = new ReplicaGlances((id) => this.#look(id));

  constructor(
    client: DockerClient,
    { names, instance }: { readonly names: ObjectNames; readonly instance: string },
  ) {
    this.#client = client;
    this.#names = names;
    this.#instance = instance;
  }

  /** See `Runtime.list`. */
  async states(service?: string): Promise<readonly ReplicaState[]> {
    const listed = await this.#listed(...service === undefined ? [] : [`${Label.service}=${service}`]);
    const states = await Promise.all(listed.map(({ id }) => this.#look(id)));
    return states.filter((state) => state !== undefined).sort(byName);
  }

  /** See `Runtime.glance`. */
  async glance(): Promise<readonly ReplicaState[]> {
    return (await this.#glances.of(await this.#listed())).toSorted(byName);
  }

  /** See `Runtime.addresses`. */
  async addresses(): Promise<ReadonlySet<string>> {
    return new Set((await this.#listed()).flatMap(({ addresses }) => addresses));
  }

  async #look(containerId: string): Promise<ReplicaState | undefined> {
    const container = await unlessStatus([404], this.#client.run(containers.inspectContainer(containerId)));
    const id = container && replicaIdOf(container.Config.Labels);
    return container && id && replicaState(id, container, this.#names);
  }

  /** The containers of replicas that carry these labels too. */
  #listed(...labels: readonly string[]): Promise<readonly containers.ListedContainer[]> {
    const own = [`${Label.instance}=${this.#instance}`, `${Label.part}=replica`];
    return this.#client.run(containers.listContainers([...own, ...labels]));
  }
}
