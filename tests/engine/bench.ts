import { DiskSecretFolders } from "../../src/host/secret_folders.ts";
import { packTar } from "modern-tar";
import type { BuildLine, BuiltImage, ReplicaRequest } from "../../src/deploy/runtime.ts";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { EngineMachine } from "../../src/docker/engine_machine.ts";
import { EngineRuntime } from "../../src/docker/engine_runtime.ts";
import { Label, type ObjectNames, objectNames } from "../../src/service/names.ts";
import { completeSpec, type EnvVariable, type ServiceSpec } from "../../src/service/spec.ts";
import { nthAddress } from "../../src/setup/addresses.ts";
import type { NetworkSettings } from "../../src/setup/settings.ts";

/** A spec with every default of the Dockerfile's options. */
export function serviceSpec(name: string, options: Partial<ServiceSpec> = {}): ServiceSpec {
  return completeSpec({
    name,
    volumes: [],
    port: 80,
    scale: 0,
    env: [],
    startTimeoutSeconds: 60,
    drainTimeoutSeconds: 5,
    stopGraceSeconds: 10,
    ...options,
  });
}

/** A tar with these files, as a stream. */
export async function tarOf(files: Readonly<Record<string, string>>): Promise<ReadableStream<Uint8Array>> {
  const entries = Object.entries(files).map(([name, body]) => {
    const bytes = new TextEncoder().encode(body);
    return { header: { name, size: bytes.length, mode: 0o755 }, body: bytes };
  });
  return ReadableStream.from([await packTar(entries)]);
}

/** A server of its own on the real Docker Engine; nothing of it is left when it is disposed. */
export class EngineBench implements AsyncDisposable {
  readonly instance = crypto.randomUUID().replaceAll("-", "");
  readonly names: ObjectNames = objectNames(this.instance.slice(0, 6));
  readonly client = new DockerClient();
  readonly machine = new EngineMachine(this.client);
  readonly builder = new EngineBuilder(this);
  readonly #secrets = Deno.makeTempDirSync();
  readonly runtime = new EngineRuntime({
    ...this,
    volumeSource: (_, { source }) => source,
    secretFolders: new DiskSecretFolders(`${this.#secrets}/secrets`),
    releaseOf: () => undefined,
  });
  #subnets: { readonly internal: NetworkSettings; readonly ingress: NetworkSettings } | undefined;
  #releases = 0;

  /** Makes the internal and the ingress network. */
  async addNetworks(): Promise<void> {
    const labels = { [Label.instance]: this.instance };
    this.#subnets = {
      internal: await this.machine.createNetwork(this.names.networks.internal, labels),
      ingress: await this.machine.createNetwork(this.names.networks.ingress, labels),
    };
  }

  /** The nth address of a network. */
  address(network: "internal" | "ingress", n: number): string {
    if (this.#subnets === undefined) throw new Error("addNetworks() first");
    return nthAddress(this.#subnets[network].subnet, n);
  }

  /** Builds a Dockerfile as the next release of a service. */
  async build(
    service: string,
    dockerfile: string,
    { onLine = () => {}, signal = new AbortController().signal, baseImages = [], buildArgs = [], files = {} }: {
      readonly onLine?: (line: BuildLine) => void;
      readonly signal?: AbortSignal;
      readonly baseImages?: readonly string[];
      readonly buildArgs?: readonly EnvVariable[];
      readonly files?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<BuiltImage> {
    const context = await tarOf({ Dockerfile: dockerfile, ...files });
    const release = ++this.#releases;
    return await this.builder.build(
      { service, release, dockerfile: "Dockerfile", baseImages, buildArgs, context },
      onLine,
      signal,
    );
  }

  /** A replica of a service at the address with its host number on both networks. */
  replica(
    image: string,
    { service = "web", release = 1, n = 1, host = 16, named = false, ingress = true, spec = {} }: {
      readonly service?: string;
      readonly release?: number;
      readonly n?: number;
      readonly host?: number;
      readonly named?: boolean;
      readonly ingress?: boolean;
      readonly spec?: Partial<ServiceSpec>;
    } = {},
  ): ReplicaRequest {
    return {
      id: { service, release, n },
      image,
      spec: serviceSpec(service, spec),
      env: spec.env ?? [],
      ingressAddress: ingress ? this.address("ingress", host) : undefined,
      internalAddress: this.address("internal", host),
      named,
      labels: {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const owned = await this.machine.owned(this.instance);
    for (const container of owned.containers) await removeContainer(container);
    for (const network of owned.networks) await this.machine.removeNetwork(network);
    for (const image of owned.images) await this.machine.removeImage(image);
    for (const volume of owned.volumes) await this.machine.removeVolume(volume);
    this.client.close();
    await Deno.remove(this.#secrets, { recursive: true });
  }
}

/** At once, without the grace that the machine gives to parts. */
async function removeContainer(name: string): Promise<void> {
  await docker("rm", "--force", "--volumes", name);
}

/** Runs Docker's own program, the second opinion; gives what it wrote. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("docker", { args: [...args] }).output();
  const text = new TextDecoder().decode(success ? stdout : stderr).trim();
  if (!success) throw new Error(`docker ${args.join(" ")}: ${text}`);
  return text;
}
