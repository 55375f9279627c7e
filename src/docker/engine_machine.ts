import { MyPaasError } from "../error.ts";
import { Label } from "../service/names.ts";
import { addressCount, networkSettings } from "../setup/addresses.ts";
import type { Machine, PartContainer, PartState } from "../setup/machine.ts";
import { partDigest } from "../setup/part_digest.ts";
import { FixedHost, type NetworkSettings } from "../setup/settings.ts";
import { waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import { EngineError, unlessStatus } from "./engine_error.ts";
import * as images from "./image_requests.ts";
import * as networks from "./network_requests.ts";
import { DIGEST_LABEL, fixedAddress, partContainer } from "./part_container.ts";
import { finish, hasImage } from "./pull.ts";
import { engineInfo } from "./system_requests.ts";
import * as volumes from "./volume_requests.ts";

/** How often a subnet is chosen anew when somebody else takes it before it is spelled out. */
const SUBNET_ATTEMPTS = 5;
/** From SIGTERM to SIGKILL of a part. */
const PART_GRACE_SECONDS = 10;
const REMOVED_TIMEOUT_MS = 10_000;

/** The machine's Docker Engine, as `init` and `uninstall` need it. */
export class EngineMachine implements Machine {
  readonly #client: DockerClient;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  async version(): ReturnType<Machine["version"]> {
    const { engine, version } = await this.#client.api();
    const { LiveRestoreEnabled } = await this.#client.run(engineInfo());
    return { engine, api: version, liveRestore: LiveRestoreEnabled };
  }

  async hasImage(image: string): Promise<boolean> {
    return await hasImage(this.#client, image);
  }

  async pullImage(image: string): Promise<void> {
    await finish(this.#client, images.pullImage(image));
  }

  async importImage(
    image: string,
    tar: ReadableStream<Uint8Array>,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await finish(this.#client, images.importImage(image, tar, labels));
  }

  async network(name: string): ReturnType<Machine["network"]> {
    const network = await this.#findNetwork(name);
    if (network === undefined) return undefined;
    const { Subnet = "", Gateway = "", IPRange = "" } = network.IPAM.Config?.[0] ?? {};
    return {
      settings: { subnet: Subnet, gateway: Gateway, range: IPRange },
      instance: network.Labels[Label.instance] ?? "",
    };
  }

  async createNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    wanted?: NetworkSettings,
  ): Promise<NetworkSettings> {
    if (wanted) {
      await this.#client.run(networks.createNetwork(name, { labels, settings: wanted }));
      return wanted;
    }
    for (let attempt = 1;; attempt++) {
      const settings = networkSettings(await this.#freeSubnet(name, labels));
      try {
        await this.#client.run(networks.createNetwork(name, { labels, settings }));
        return settings;
      } catch (error) {
        const refused = error instanceof EngineError && error.status !== 0 && error.status !== 409;
        if (!refused || attempt === SUBNET_ATTEMPTS) throw error;
      }
    }
  }

  async removeNetwork(name: string): Promise<void> {
    const network = await this.#findNetwork(name);
    if (network === undefined) return;
    refuseForeign("network", name, network.Labels);
    await unlessStatus([404], this.#client.run(networks.removeNetwork(network.Id)));
  }

  async part(name: string): Promise<PartState | undefined> {
    const part = await this.#findContainer(name);
    if (part === undefined) return undefined;
    const labels = part.Config.Labels;
    return {
      name,
      running: part.State.Status === "running",
      digest: labels[DIGEST_LABEL] ?? "",
      instance: labels[Label.instance] ?? "",
    };
  }

  async createPart(part: PartContainer): Promise<void> {
    const body = partContainer(part, await partDigest(part));
    const ref = { id: await this.#client.run(containers.createContainer(part.name, body)), name: part.name };
    try {
      for (const { name, address } of part.networks.slice(1)) {
        await this.#client.run(networks.connectNetwork(name, ref, fixedAddress(address)));
      }
      await this.#client.run(containers.startContainer(ref));
    } catch (error) {
      await unlessStatus([404], this.#client.run(containers.removeContainer(ref)));
      throw error;
    }
  }

  async startPart(name: string): Promise<void> {
    await unlessStatus([304], this.#client.run(containers.startContainer(await this.#ownPart(name, "start"))));
  }

  /** Sends a signal to a part; one that does not run gets none. */
  async signalPart(name: string, signal: string): Promise<void> {
    const part = await this.#ownPart(name, "signal");
    await unlessStatus([409], this.#client.run(containers.signalContainer(part, signal)));
  }

  async removePart(name: string): Promise<void> {
    const part = await this.#findContainer(name);
    if (part === undefined) return;
    refuseForeign("container", name, part.Config.Labels);
    const ref = { id: part.Id, name };
    await unlessStatus([304, 404], this.#client.run(containers.stopContainer(ref, PART_GRACE_SECONDS)));
    await unlessStatus([404, 409], this.#client.run(containers.removeContainer(ref)));
    // One that is removed when it ends is being removed already.
    await waitUntil(async () => (await this.#findContainer(name))?.Id !== part.Id, {
      what: `"${name}" is removed`,
      timeoutMs: REMOVED_TIMEOUT_MS,
    });
  }

  async owned(instance: string): ReturnType<Machine["owned"]> {
    const label = [`${Label.instance}=${instance}`];
    return {
      containers: (await this.#client.run(containers.listContainers(label))).map(({ name }) => name).sort(),
      networks: [...await this.#client.run(networks.listNetworks(label))].sort(),
      images: [...await this.#client.run(images.listImages(label))].sort(),
      volumes: [...await this.#client.run(volumes.listVolumes(label))].sort(),
    };
  }

  async removeImage(image: string): Promise<void> {
    const found = await unlessStatus([404], this.#client.run(images.inspectImage(image)));
    if (found === undefined) return;
    refuseForeign("image", image, found.Config?.Labels ?? {});
    await unlessStatus([404], this.#client.run(images.removeImage(image)));
  }

  async removeVolume(volume: string): Promise<void> {
    const labels = await unlessStatus([404], this.#client.run(volumes.volumeLabels(volume)));
    if (labels === undefined) return;
    refuseForeign("volume", volume, labels);
    await unlessStatus([404], this.#client.run(volumes.removeVolume(volume)));
  }

  /** A subnet that Docker finds free: the one of a network that is made for the question and removed. */
  async #freeSubnet(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
    const question = `${name}-subnet`;
    await this.removeNetwork(question);
    await this.#client.run(networks.createNetwork(question, { labels }));
    const { IPAM } = await this.#client.run(networks.inspectNetwork(question));
    await this.removeNetwork(question);
    const subnet = IPAM.Config?.map(({ Subnet }) => Subnet).find((each) => each.includes(".")) ?? "";
    if (subnet === "" || addressCount(subnet) < 4 * FixedHost.firstReplica) {
      throw new MyPaasError(
        `Cannot create the network "${name}": Docker chose the subnet "${subnet}", which is too small`,
        { hint: 'Give Docker larger subnets: "default-address-pools" in /etc/docker/daemon.json' },
      );
    }
    return subnet;
  }

  async #findNetwork(name: string): Promise<networks.EngineNetwork | undefined> {
    const network = await unlessStatus([404], this.#client.run(networks.inspectNetwork(name)));
    return network?.Name === name ? network : undefined;
  }

  async #findContainer(name: string): Promise<containers.EngineContainer | undefined> {
    const container = await unlessStatus([404], this.#client.run(containers.inspectContainer(name)));
    return container?.Name === `/${name}` ? container : undefined;
  }

  async #ownPart(name: string, action: string): Promise<containers.ContainerRef> {
    const part = await this.#findContainer(name);
    if (part === undefined) throw new MyPaasError(`Cannot ${action} "${name}": there is no such container`);
    refuseForeign("container", name, part.Config.Labels);
    return { id: part.Id, name };
  }
}

/** Nothing without our instance label is changed. */
function refuseForeign(kind: string, name: string, labels: Readonly<Record<string, string>>): void {
  if (labels[Label.instance] !== undefined) return;
  throw new MyPaasError(`Cannot change the ${kind} "${name}": MyPaas did not make it`, {
    hint: `Rename or remove it yourself if MyPaas shall use its name`,
  });
}
