import { nextAddress } from "../deploy/addresses.ts";
import { MyPaasError } from "../error.ts";
import { Label, type ObjectNames } from "../service/names.ts";
import { replicaRange } from "../setup/addresses.ts";
import type { NetworkSettings } from "../setup/settings.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import { unlessStatus } from "./engine_error.ts";
import { connectNetwork, disconnectNetwork, listNetworks } from "./network_requests.ts";
import { findNetwork, makeNetwork, removeNetwork, settingsOf } from "./networks.ts";
import { OWN_ADDRESS_LABEL } from "./replica_container.ts";
import { Turns } from "./turns.ts";

export interface OwnNetworksOptions {
  readonly client: DockerClient;
  readonly names: Pick<ObjectNames, "ownNetwork">;
  /** The server id. */
  readonly instance: string;
}

/**
 * The networks of isolated services, one each: on it are the service's replicas, at fixed addresses in the lower half and
 * with its name, and the replicas of its peers, wherever Docker puts them. Docker's names end at a network, so nobody
 * else finds that one. Their names sort behind the internal network's, which therefore stays the way out of a container.
 */
export class OwnNetworks {
  readonly #client: DockerClient;
  readonly #names: OwnNetworksOptions["names"];
  readonly #instance: string;
  /** By service. */
  readonly #turns = new Turns();
  /** The address given last, by service. */
  readonly #cursors = new Map<string, string>();

  constructor({ client, names, instance }: OwnNetworksOptions) {
    this.#client = client;
    this.#names = names;
    this.#instance = instance;
  }

  /** The services that have such a network, sorted. */
  async services(): Promise<readonly string[]> {
    const found = await this.#client.run(listNetworks([`${Label.instance}=${this.#instance}`, Label.service]));
    return [...new Set(found.map(({ labels }) => labels[Label.service] ?? ""))].sort();
  }

  /** Makes a service's network if it is not there, and connects the containers of its peers, and of nobody else. */
  setPeers(service: string, peers: readonly string[] | undefined): Promise<void> {
    return this.#turns.run(service, async () => {
      if (peers === undefined) return await this.#dissolve(service);
      await this.#ensure(service);
      const network = this.#names.ownNetwork(service);
      const others = (await this.#containers()).filter(({ labels }) => labels[Label.service] !== service);
      await Promise.all(others.map(async (container) => {
        const wanted = peers.includes(container.labels[Label.service] ?? "");
        if (wanted === container.networks.includes(network)) return;
        const change = wanted ? connectNetwork(network, container, {}) : disconnectNetwork(network, container);
        await this.#unlessGone(container, this.#client.run(change));
      }));
    });
  }

  /**
   * Gives a new replica an address on its service's network, which is made if it is not there.
   *
   * @param create makes the container that carries the address in a label; until then no other replica gets one
   */
  withAddress<T>(service: string, create: (address: string) => Promise<T>): Promise<T> {
    return this.#turns.run(service, async () => {
      const range = replicaRange(await this.#ensure(service));
      const own = (await this.#containers()).filter(({ labels }) => labels[Label.service] === service);
      const used = new Set(own.map(({ labels }) => labels[OWN_ADDRESS_LABEL]));
      const address = nextAddress(range, this.#cursors.get(service), used);
      this.#cursors.set(service, address);
      return await create(address);
    });
  }

  async #ensure(service: string): Promise<NetworkSettings> {
    const name = this.#names.ownNetwork(service);
    const found = await findNetwork(this.#client, name);
    if (found === undefined) {
      return await makeNetwork(this.#client, name, { [Label.instance]: this.#instance, [Label.service]: service });
    }
    if (found.Labels[Label.instance] === this.#instance) return settingsOf(found);
    throw new MyPaasError(`Cannot isolate "${service}": MyPaas did not make the network "${name}"`, {
      hint: `Remove it if it is not needed: docker network rm ${name}`,
    });
  }

  /** By its label, with what a break in the middle of making it has left. A stopped container would not start without it. */
  async #dissolve(service: string): Promise<void> {
    const own = [`${Label.instance}=${this.#instance}`, `${Label.service}=${service}`];
    for (const { name } of await this.#client.run(listNetworks(own))) {
      const connected = (await this.#containers()).filter(({ networks }) => networks.includes(name));
      await Promise.all(
        connected.map((each) => this.#unlessGone(each, this.#client.run(disconnectNetwork(name, each)))),
      );
      await removeNetwork(this.#client, name);
    }
    this.#cursors.delete(service);
  }

  /** Every replica and one-off. What somebody starts from our images by hand has their labels, but is no part of ours. */
  #containers(): Promise<readonly containers.ListedContainer[]> {
    const labels = [`${Label.instance}=${this.#instance}`, Label.service, Label.part];
    return this.#client.run(containers.listContainers(labels));
  }

  /** A container that is being removed by somebody else takes no change, and needs none. */
  async #unlessGone({ id }: containers.ContainerRef, change: Promise<void>): Promise<void> {
    try {
      await change;
    } catch (error) {
      const container = await unlessStatus([404], this.#client.run(containers.inspectContainer(id)));
      if (container !== undefined && !["removing", "dead"].includes(container.State.Status)) throw error;
    }
  }
}
