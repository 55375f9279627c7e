import { Label } from "../../src/service/names.ts";
import { networkSettings } from "../../src/setup/addresses.ts";
import type { Machine, PartContainer, PartState } from "../../src/setup/machine.ts";
import { partDigest } from "../../src/setup/part_digest.ts";
import type { NetworkSettings } from "../../src/setup/settings.ts";

interface MemoryPart {
  readonly state: PartState;
  readonly part: PartContainer | undefined;
}

/** A container engine in memory that is as strict as the real one about what must be there before. */
export class MemoryMachine implements Machine {
  readonly images = new Map<string, { readonly instance: string }>();
  readonly networks = new Map<string, { readonly settings: NetworkSettings; readonly instance: string }>();
  readonly parts = new Map<string, MemoryPart>();
  readonly volumes = new Map<string, { readonly instance: string }>();
  /** What was done, such as `create mypaas-traefik`. */
  readonly calls: string[] = [];
  /** Called before each change; throwing stands for a power cut there. */
  onCall: (call: string) => void = () => {};
  /** On which addresses of the host ports are published. */
  publishedOn: readonly string[] = ["0.0.0.0", "::"];
  #subnets = 0;

  version(): ReturnType<Machine["version"]> {
    return Promise.resolve({ engine: "20.10.24", api: "1.41", liveRestore: true });
  }

  hasImage(image: string): Promise<boolean> {
    return Promise.resolve(this.images.has(image));
  }

  async pullImage(image: string): Promise<void> {
    await this.#note(`pull ${image}`);
    this.images.set(image, { instance: "" });
  }

  async importImage(
    image: string,
    tar: ReadableStream<Uint8Array>,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#note(`import ${image}`);
    for await (const _ of tar) { /* read to its end, as the engine does */ }
    this.images.set(image, { instance: labels[Label.instance] ?? "" });
  }

  network(name: string): ReturnType<Machine["network"]> {
    return Promise.resolve(this.networks.get(name));
  }

  async createNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    wanted?: NetworkSettings,
  ): Promise<NetworkSettings> {
    await this.#note(`create network ${name}`);
    if (this.networks.has(name)) throw new Error(`network ${name} exists`);
    const settings = wanted ?? networkSettings(`172.${16 + this.#subnets++}.0.0/16`);
    this.networks.set(name, { settings, instance: labels[Label.instance] ?? "" });
    return settings;
  }

  async removeNetwork(name: string): Promise<void> {
    await this.#note(`remove network ${name}`);
    for (const { part } of this.parts.values()) {
      if (part?.networks.some((network) => network.name === name)) throw new Error(`network ${name} is used`);
    }
    this.networks.delete(name);
  }

  part(name: string): Promise<PartState | undefined> {
    return Promise.resolve(this.parts.get(name)?.state);
  }

  async createPart(part: PartContainer): Promise<void> {
    await this.#note(`create ${part.name}`);
    if (this.parts.has(part.name)) throw new Error(`container ${part.name} exists`);
    if (!this.images.has(part.image)) throw new Error(`no image ${part.image}`);
    for (const { name } of part.networks) if (!this.networks.has(name)) throw new Error(`no network ${name}`);
    for (const { source } of part.mounts) Deno.lstatSync(source);
    const state = {
      name: part.name,
      running: true,
      restarts: 0,
      digest: await partDigest(part),
      instance: part.labels[Label.instance] ?? "",
      publishedOn: part.ports.length > 0 ? this.publishedOn : [],
    };
    this.parts.set(part.name, { state, part });
  }

  async startPart(name: string): Promise<void> {
    await this.#note(`start ${name}`);
    this.#setRunning(name, true);
  }

  async removePart(name: string): Promise<void> {
    await this.#note(`remove ${name}`);
    this.parts.delete(name);
  }

  owned(instance: string): ReturnType<Machine["owned"]> {
    const names = (map: ReadonlyMap<string, { readonly instance: string }>) =>
      [...map].filter(([, object]) => object.instance === instance).map(([name]) => name).sort();
    const states = new Map([...this.parts].map(([name, { state }]) => [name, state]));
    return Promise.resolve({
      containers: names(states),
      networks: names(this.networks),
      images: names(this.images),
      volumes: names(this.volumes),
    });
  }

  async removeImage(image: string): Promise<void> {
    await this.#note(`remove image ${image}`);
    this.images.delete(image);
  }

  async removeVolume(volume: string): Promise<void> {
    await this.#note(`remove volume ${volume}`);
    this.volumes.delete(volume);
  }

  /** As after a crash of the container. */
  stopPart(name: string): void {
    this.#setRunning(name, false);
  }

  /** Puts a container there that `init` did not make. */
  addContainer(name: string, instance: string): void {
    this.parts.set(name, {
      state: { name, instance, running: true, restarts: 0, digest: "", publishedOn: [] },
      part: undefined,
    });
  }

  #setRunning(name: string, running: boolean) {
    const found = this.parts.get(name);
    if (found === undefined) throw new Error(`no container ${name}`);
    this.parts.set(name, { ...found, state: { ...found.state, running } });
  }

  #note(call: string): Promise<void> {
    this.onCall(call);
    this.calls.push(call);
    return Promise.resolve();
  }
}
