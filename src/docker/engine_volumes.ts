import { Label } from "../service/names.ts";
import type { DockerClient } from "./client.ts";
import { unlessStatus } from "./engine_error.ts";
import { loadImages, saveImages } from "./image_requests.ts";
import { finish } from "./pull.ts";
import { createVolume, inspectVolume, listVolumes } from "./volume_requests.ts";

/** A volume of a service, as a folder of the machine. */
export interface VolumeFolder {
  readonly name: string;
  readonly service: string;
  readonly folder: string;
}

/** What a backup takes from the machine's Docker Engine, and a restore gives it. */
export class EngineVolumes {
  readonly #client: DockerClient;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /** The volumes of a server, in the order of their names. @param instance the server id */
  async volumes(instance: string): Promise<readonly VolumeFolder[]> {
    const names = await this.#client.run(listVolumes([`${Label.instance}=${instance}`]));
    const found = await Promise.all(
      names.toSorted().map(async (name) => {
        const volume = await unlessStatus([404], this.#client.run(inspectVolume(name)));
        return volume && { name, service: volume.Labels[Label.service] ?? "", folder: volume.Mountpoint };
      }),
    );
    return found.filter((volume) => volume !== undefined);
  }

  /** Whether there is a volume of that name, whosever it is. */
  async hasVolume(name: string): Promise<boolean> {
    return await unlessStatus([404], this.#client.run(inspectVolume(name))) !== undefined;
  }

  /** Makes a volume of a server. @returns its folder */
  async createVolume(
    name: string,
    { instance, service }: { readonly instance: string; readonly service: string },
  ): Promise<string> {
    const labels = { [Label.instance]: instance, [Label.service]: service };
    return (await this.#client.run(createVolume(name, labels))).Mountpoint;
  }

  /** Images as one tar, with what they share once. */
  saveImages(names: readonly string[], signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#client.stream(saveImages(names), signal);
  }

  /** Makes images of such a tar. */
  async loadImages(tar: ReadableStream<Uint8Array>): Promise<void> {
    await finish(this.#client, loadImages(tar));
  }
}
