import type {
  Breaks,
  ContainerHandle,
  LogLine,
  LogQuery,
  OneOffRequest,
  ReplicaEvent,
  ReplicaRequest,
  ReplicaState,
  Runtime,
} from "../deploy/runtime.ts";
import { MyPaasError, NotReadyError } from "../error.ts";
import { Label, type ObjectNames, type ReplicaId, replicaName } from "../service/names.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";
import { waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import { ContainerSecrets, type SecretFolders } from "./container_secrets.ts";
import * as containers from "./container_requests.ts";
import { EngineError, startHint, unlessStatus } from "./engine_error.ts";
import { inspectImage } from "./image_requests.ts";
import { logLines } from "./log_stream.ts";
import { connectNetwork, disconnectNetwork } from "./network_requests.ts";
import { keepEnded } from "./keep_ended.ts";
import { createOneOff, removeOneOffs } from "./one_offs.ts";
import { OwnNetworks } from "./own_networks.ts";
import { API_WITH_START_INTERVAL, fixedEndpoint, replicaContainer, type ReplicaMount } from "./replica_container.ts";
import { watchReplicas } from "./replica_events.ts";
import { ReplicaList } from "./replica_list.ts";
import { addressOn, hasAlias, namePlace, replicaState } from "./replica_state.ts";
import { Turns } from "./turns.ts";

/** The Engine answers a stop when the process has ended; its state follows at once. */
const STOPPED_TIMEOUT_MS = 10_000;

export interface EngineRuntimeOptions {
  readonly client: DockerClient;
  readonly names: ObjectNames;
  /** The server id: the label by which our containers are known. */
  readonly instance: string;
  /** Gives the path on the server of a bind volume, or throws a sentence why it may not be mounted. */
  readonly volumeSource: (service: string, volume: Volume) => Promise<string> | string;
  readonly secretFolders: SecretFolders;
  /** The release of a replica, for what a boot has taken from `secretFolders`; undefined when it is not known. */
  readonly releaseOf: (id: ReplicaId) => Pick<ReplicaRequest, "spec" | "env"> | undefined;
}

/** A container with its name in sentences. */
interface Found extends containers.ContainerRef {
  readonly container: containers.EngineContainer;
}

/** Replicas as containers of the machine's Docker Engine. */
export class EngineRuntime implements Runtime {
  readonly #client: DockerClient;
  readonly #names: ObjectNames;
  readonly #instance: string;
  readonly #volumeSource: EngineRuntimeOptions["volumeSource"];
  readonly #releaseOf: EngineRuntimeOptions["releaseOf"];
  readonly #secrets: ContainerSecrets;
  readonly #own: OwnNetworks;
  readonly #list: ReplicaList;
  /** By network: Docker takes longer for two at once than for one after the other, and may then count an endpoint too many. */
  readonly #renames = new Turns();

  constructor({ client, names, instance, volumeSource, secretFolders, releaseOf }: EngineRuntimeOptions) {
    this.#releaseOf = releaseOf;
    this.#secrets = new ContainerSecrets(client, secretFolders);
    this.#client = client;
    this.#names = names;
    this.#instance = instance;
    this.#volumeSource = volumeSource;
    this.#own = new OwnNetworks({ client, names, instance });
    this.#list = new ReplicaList(client, { names, instance });
  }

  async create(replica: ReplicaRequest): Promise<void> {
    if (replica.spec.peers === undefined) return await this.#create(replica, undefined);
    await this.#own.withAddress(replica.id.service, (address) => this.#create(replica, address));
  }

  async #create(replica: ReplicaRequest, ownAddress: string | undefined): Promise<void> {
    const { minor: apiMinor } = await this.#client.api();
    const image = await this.#client.run(inspectImage(replica.image));
    const { networks } = this.#names;
    const name = this.#names.replica(replica.id);
    const body = replicaContainer(replica, {
      instance: this.#instance,
      networks,
      mounts: [...await this.#mounts(replica.spec), ...await this.#secrets.mounts(name, replica)],
      ownAddress,
      healthcheck: image.Config?.Healthcheck ?? undefined,
      apiMinor,
    });
    const request = containers.createContainer(name, body);
    let id = await unlessStatus([409], this.#client.run(request));
    if (id === undefined) {
      await this.#removeLeftover(replica.id);
      id = await this.#client.run(request);
    }
    const ref = { id, name: replicaName(replica.id) };
    const { ingressAddress, named, id: { service } } = replica;
    try {
      await this.#secrets.fill(name, replica);
      if (ingressAddress !== undefined) {
        const endpoint = { IPAMConfig: { IPv4Address: ingressAddress } };
        await this.#client.run(connectNetwork(networks.ingress, ref, endpoint));
      }
      if (ownAddress !== undefined) {
        const endpoint = fixedEndpoint(ownAddress, named ? service : undefined);
        await this.#client.run(connectNetwork(this.#names.ownNetwork(service), ref, endpoint));
      }
    } catch (error) {
      await unlessStatus([404], this.#client.run(containers.removeContainer(ref)));
      throw error;
    }
  }

  async start(id: ReplicaId): Promise<void> {
    const found = await this.#existing(id, "start");
    const release = this.#releaseOf(id);
    if (release !== undefined) await this.#secrets.fill(this.#names.replica(id), release);
    try {
      await unlessStatus([304], this.#client.run(containers.startContainer(found)));
    } catch (error) {
      if (!(error instanceof EngineError) || error.status === 0 || error.status === 404) throw error;
      throw new NotReadyError(error.message, { hint: startHint(error.reason), cause: error });
    }
  }

  async setRestart(id: ReplicaId, restart: boolean): Promise<void> {
    const found = await this.#existing(id, "set the restart policy of");
    await this.#client.run(containers.setRestartPolicy(found, restart));
  }

  async stop(id: ReplicaId, graceSeconds: number): Promise<void> {
    const found = await this.#find(id);
    if (found === undefined) return;
    await keepEnded(this.#client, found);
    await unlessStatus([304, 404], this.#client.run(containers.stopContainer(found, graceSeconds)));
    await waitUntil(async () => {
      const now = await this.#find(id);
      return now === undefined || !now.container.State.Running;
    }, { what: `"${found.name}" has ended`, timeoutMs: STOPPED_TIMEOUT_MS });
  }

  async remove(id: ReplicaId): Promise<void> {
    const found = await this.#find(id);
    if (found) await this.#removeFound(id, found);
    await this.#secrets.remove(this.#names.replica(id));
  }

  /** Removes the secrets of containers that are gone. */
  sweepSecrets(): Promise<void> {
    return this.#secrets.sweep();
  }

  async setNamed(id: ReplicaId, named: boolean): Promise<void> {
    const found = await this.#existing(id, "name");
    const place = namePlace(id.service, found.container, this.#names);
    const { network } = place;
    const endpoint = found.container.NetworkSettings.Networks?.[network];
    if (endpoint && hasAlias(found.container, network, id.service) === named) return;
    const address = addressOn(found.container, network) ?? place.address;
    if (address === undefined) {
      throw new MyPaasError(`Cannot name "${found.name}": its address on the network "${network}" is not known`);
    }
    const { minor } = await this.#client.api();
    const mac = minor >= API_WITH_START_INTERVAL ? endpoint?.MacAddress : undefined;
    const connect = connectNetwork(network, found, fixedEndpoint(address, named ? id.service : undefined, mac));
    try {
      await this.#renames.run(network, async () => {
        if (endpoint) await this.#client.run(disconnectNetwork(network, found));
        await this.#client.run(connect);
      });
    } catch (error) {
      const { Pid: pid } = found.container.State;
      const now = (await this.#find(id))?.container.State.Pid ?? 0;
      if (named || now === pid) throw error;
      // It ended meanwhile, so no name leads to it; Docker may have started it again.
      if (now !== 0) await this.setNamed(id, named);
    }
  }

  setPeers(service: string, peers: readonly string[] | undefined): Promise<void> {
    return this.#own.setPeers(service, peers);
  }

  isolated(): Promise<readonly string[]> {
    return this.#own.services();
  }

  async moveTo(id: ReplicaId, ingressAddress: string): Promise<void> {
    const found = await this.#existing(id, "move");
    const { ingress } = this.#names.networks;
    const address = addressOn(found.container, ingress);
    if (address === ingressAddress) return;
    if (found.container.State.Running) {
      throw new MyPaasError(`Cannot move "${found.name}" to ${ingressAddress}: it is running`);
    }
    if (address !== undefined) await this.#client.run(disconnectNetwork(ingress, found));
    await this.#client.run(connectNetwork(ingress, found, { IPAMConfig: { IPv4Address: ingressAddress } }));
  }

  async inspect(id: ReplicaId): Promise<ReplicaState | undefined> {
    const found = await this.#find(id);
    return found && replicaState(id, found.container, this.#names);
  }

  list(service?: string): Promise<readonly ReplicaState[]> {
    return this.#list.states(service);
  }

  glance(): Promise<readonly ReplicaState[]> {
    return this.#list.glance();
  }

  addresses(): Promise<ReadonlySet<string>> {
    return this.#list.addresses();
  }

  events(signal: AbortSignal, breaks: Breaks = {}): AsyncIterable<ReplicaEvent> {
    return watchReplicas(this.#client, { instance: this.#instance, signal, ...breaks });
  }

  async *logs(id: ReplicaId, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine, void, undefined> {
    const found = await this.#existing(id, "read the log of");
    const shape = { replica: found.name, tty: found.container.Config.Tty };
    try {
      const request = containers.containerLogs(found, query, (chunks) => logLines(chunks, shape));
      yield* this.#client.stream(request, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async containerOf(id: ReplicaId): Promise<ContainerHandle> {
    const { id: container, name } = await this.#existing(id, "open");
    return { id: container, name };
  }

  async createOneOff(oneOff: OneOffRequest): Promise<ContainerHandle> {
    // Docker takes a network that is not there, and then does not start the container.
    const isolated = await this.#own.services();
    const reaches = oneOff.reaches.filter((service) => isolated.includes(service));
    return await createOneOff(this.#client, { ...oneOff, reaches }, {
      instance: this.#instance,
      names: this.#names,
      networks: this.#names.networks,
      mounts: await this.#mounts(oneOff.spec),
    }, this.#secrets);
  }

  async removeOneOffs(which: Parameters<Runtime["removeOneOffs"]>[0]): Promise<void> {
    await removeOneOffs(this.#client, this.#instance, which);
  }

  async #mounts({ name, volumes }: ServiceSpec): Promise<readonly ReplicaMount[]> {
    return await Promise.all(volumes.map(async (volume) => ({
      ...volume,
      source: volume.kind === "bind" ? await this.#volumeSource(name, volume) : this.#names.volume(name, volume.source),
    })));
  }

  /** The replica's container; undefined when there is none, or the one of that name is not ours. */
  async #find(id: ReplicaId): Promise<Found | undefined> {
    const name = this.#names.replica(id);
    const container = await unlessStatus([404], this.#client.run(containers.inspectContainer(name)));
    if (container?.Name !== `/${name}` || container.Config.Labels[Label.instance] !== this.#instance) return undefined;
    return { id: container.Id, name: replicaName(id), container };
  }

  async #existing(id: ReplicaId, action: string): Promise<Found> {
    const found = await this.#find(id);
    if (found) return found;
    throw new MyPaasError(`Cannot ${action} "${replicaName(id)}": this server has no such container`);
  }

  async #removeLeftover(id: ReplicaId): Promise<void> {
    const leftover = await this.#find(id);
    if (leftover) return await this.#removeFound(id, leftover);
    const name = this.#names.replica(id);
    throw new MyPaasError(`Cannot create the container "${name}": there is one of that name that MyPaas did not make`, {
      hint: `Rename it: docker rename ${name} OTHER-NAME`,
    });
  }

  /** A removal that goes on already is waited for. */
  async #removeFound(id: ReplicaId, found: Found): Promise<void> {
    await unlessStatus([404, 409], this.#client.run(containers.removeContainer(found)));
    await waitUntil(async () => (await this.#find(id))?.id !== found.id, {
      what: `"${found.name}" is removed`,
      timeoutMs: STOPPED_TIMEOUT_MS,
    });
  }
}
