import type { PartEnd } from "../daemon/part_watch.ts";
import type { Breaks } from "../deploy/runtime.ts";
import { MyPaasError } from "../error.ts";
import { Label } from "../service/names.ts";
import type { Machine, PartContainer, PartState } from "../setup/machine.ts";
import { partDigest } from "../setup/part_digest.ts";
import type { NetworkSettings } from "../setup/settings.ts";
import { waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import { unlessStatus } from "./engine_error.ts";
import { eventStream } from "./event_stream.ts";
import * as images from "./image_requests.ts";
import * as networks from "./network_requests.ts";
import { findNetwork, makeNetwork, removeNetwork, settingsOf } from "./networks.ts";
import { DIGEST_LABEL, fixedAddress, partContainer } from "./part_container.ts";
import { finish, hasImage } from "./pull.ts";
import { refuseForeign } from "./refuse_foreign.ts";
import { containerEnds, engineInfo } from "./system_requests.ts";
import * as volumes from "./volume_requests.ts";

/** From SIGTERM to SIGKILL of a part. */
const PART_GRACE_SECONDS = 10;
const REMOVED_TIMEOUT_MS = 10_000;

/** The machine's Docker Engine, as `init`, `uninstall` and the watch over its parts need it. */
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

  /** The folder that images and builds are in, as the Engine sees it. */
  async dataFolder(): Promise<string> {
    return (await this.#client.run(engineInfo())).DockerRootDir;
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
    const network = await findNetwork(this.#client, name);
    return network && { settings: settingsOf(network), instance: network.Labels[Label.instance] ?? "" };
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
    return await makeNetwork(this.#client, name, labels);
  }

  async removeNetwork(name: string): Promise<void> {
    await removeNetwork(this.#client, name);
  }

  async part(name: string): Promise<PartState | undefined> {
    const part = await this.#findContainer(name);
    if (part === undefined) return undefined;
    const labels = part.Config.Labels;
    const published = Object.values(part.NetworkSettings.Ports ?? {}).flatMap((ports) => ports ?? []);
    return {
      name,
      running: part.State.Status === "running",
      restarts: part.RestartCount,
      digest: labels[DIGEST_LABEL] ?? "",
      instance: labels[Label.instance] ?? "",
      publishedOn: [...new Set(published.map(({ HostIp }) => HostIp))].sort(),
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

  /** The ends of the server's containers. Never ends by itself; ends when aborted. */
  async *ends(instance: string, signal: AbortSignal, breaks: Breaks): AsyncGenerator<PartEnd, void, undefined> {
    const request = (since: string) => containerEnds(instance, since);
    for await (const { Action, Actor } of eventStream(this.#client, { ...breaks, signal, request })) {
      const name = Actor.Attributes["name"];
      if (name !== undefined && (Action === "die" || Action === "stop")) yield { name, kind: Action };
    }
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
      networks: (await this.#client.run(networks.listNetworks(label))).map(({ name }) => name).sort(),
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
