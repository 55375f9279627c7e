import type { NetworkSettings } from "./settings.ts";

/** A container that `init` keeps on the server: Traefik, the receiver, the daemon. Plain data. */
export interface PartContainer {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `uid:gid`, or empty for the image's own. */
  readonly user: string;
  readonly readOnlyRoot: boolean;
  readonly capabilities: readonly string[];
  readonly mounts: readonly PartMount[];
  readonly tmpfs: readonly string[];
  /** Ports on all addresses of the host. */
  readonly ports: readonly { readonly host: number; readonly container: number }[];
  /** Networks with fixed addresses; the first is the container's default. Empty with `hostNetwork`. */
  readonly networks: readonly { readonly name: string; readonly address: string }[];
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  /** Most processes; 0: no limit. */
  readonly pidsLimit: number;
}

export interface PartMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** The folder is made when the container starts and it is missing: `/run` is empty after a boot. */
  readonly make?: true;
}

export interface PartState {
  readonly name: string;
  readonly running: boolean;
  /** How often the engine has started it again since it was made. */
  readonly restarts: number;
  /** Digest of the `PartContainer` it was made from; empty when it is not ours. */
  readonly digest: string;
  /** The instance label. */
  readonly instance: string;
  /** Addresses of the host on which it answers, such as `0.0.0.0` and `::`; none while it does not run. */
  readonly publishedOn: readonly string[];
}

/** What `init` needs of the container engine, and no more. Only objects with our instance label are changed. */
export interface Machine {
  /** The engine's version; throws a sentence when it is too old or does not answer. */
  version(): Promise<{ readonly engine: string; readonly api: string; readonly liveRestore: boolean }>;
  hasImage(image: string): Promise<boolean>;
  /** @throws {MyPaasError} with the registry's reason */
  pullImage(image: string): Promise<void>;
  /** Makes an image of one layer out of a tar stream; the labels make it `owned`, and removable. */
  importImage(
    image: string,
    tar: ReadableStream<Uint8Array>,
    labels?: Readonly<Record<string, string>>,
  ): Promise<void>;
  network(name: string): Promise<{ readonly settings: NetworkSettings; readonly instance: string } | undefined>;
  /** Lets the engine choose a free subnet, then spells it out: gateway `.1`, range the upper half. */
  createNetwork(
    name: string,
    labels: Readonly<Record<string, string>>,
    wanted?: NetworkSettings,
  ): Promise<NetworkSettings>;
  removeNetwork(name: string): Promise<void>;
  part(name: string): Promise<PartState | undefined>;
  /** Makes and starts it; the digest of the value is kept as a label. */
  createPart(part: PartContainer): Promise<void>;
  startPart(name: string): Promise<void>;
  removePart(name: string): Promise<void>;
  /** All objects with the instance label, of any root's uninstall: names by kind. */
  owned(instance: string): Promise<{
    readonly containers: readonly string[];
    readonly networks: readonly string[];
    readonly images: readonly string[];
    readonly volumes: readonly string[];
  }>;
  removeImage(image: string): Promise<void>;
  removeVolume(volume: string): Promise<void>;
}
