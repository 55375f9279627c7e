import type { ReplicaRequest } from "../deploy/runtime.ts";
import { Label, type ObjectNames, replicaName } from "../service/names.ts";
import { secretPaths, splitSecrets } from "../service/secret_files.ts";
import type { PublishedPort, ServiceSpec } from "../service/spec.ts";
import type { ContainerBody, EngineEndpoint, EngineHealthcheck } from "./container_requests.ts";

/** Most processes and threads of one replica. */
const REPLICA_PIDS_LIMIT = 4096;
/** Where the container remembers its address on the internal network, for the moment in which it is off it. */
export const INTERNAL_ADDRESS_LABEL = "mypaas.internal-address";
/** The same for the network of its service alone, which carries the name of an isolated one. */
export const OWN_ADDRESS_LABEL = "mypaas.own-address";

/** What a container of ours writes is kept: 10 MB in three files. */
export const LOG_CONFIG = { Type: "local", Config: { "max-size": "10m", "max-file": "3" } } as const;

/** The API that knows `StartInterval` and the MAC address of an endpoint (Engine 25). */
export const API_WITH_START_INTERVAL = 44;
const SECOND = 1_000_000_000;
/** How often a health check runs where the Engine has one interval for starting and running. */
const ONLY_INTERVAL = 2 * SECOND;
const DEFAULT_INTERVAL = 30 * SECOND;
const DEFAULT_RETRIES = 3;

/** A mount of a replica with its source found. */
export type ReplicaMount =
  | { readonly kind: "bind"; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly kind: "named"; readonly source: string; readonly target: string; readonly readOnly: boolean };

export interface ReleaseSurroundings {
  /** The server id. */
  readonly instance: string;
  readonly networks: ObjectNames["networks"];
  readonly mounts: readonly ReplicaMount[];
}

export interface ReplicaSurroundings extends ReleaseSurroundings {
  /** On the network of its service alone; undefined when the service is not isolated. */
  readonly ownAddress: string | undefined;
  /** The image's own. */
  readonly healthcheck: EngineHealthcheck | undefined;
  /** The number behind `1.` of the API in use. */
  readonly apiMinor: number;
}

/**
 * A replica as the Engine is told to make it: on the internal network only, because an API below 1.44 takes one network;
 * the others are connected before the start.
 */
export function replicaContainer(replica: ReplicaRequest, around: ReplicaSurroundings): ContainerBody {
  const { id, spec } = replica;
  const healthcheck = healthcheckWhileStarting(around.healthcheck, {
    startTimeoutSeconds: spec.startTimeoutSeconds,
    apiMinor: around.apiMinor,
  });
  const ports = portBindings(spec.publish);
  const alias = replica.named && around.ownAddress === undefined ? id.service : undefined;
  return {
    Image: replica.image,
    Env: environment(replicaName(id), replica),
    Labels: {
      ...replica.labels,
      [Label.instance]: around.instance,
      [Label.service]: id.service,
      [Label.part]: "replica",
      [Label.release]: String(id.release),
      [Label.replica]: String(id.n),
      [INTERNAL_ADDRESS_LABEL]: replica.internalAddress,
      ...(around.ownAddress !== undefined && { [OWN_ADDRESS_LABEL]: around.ownAddress }),
    },
    StopTimeout: spec.stopGraceSeconds,
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: { ...releaseHost(spec, around), LogConfig: LOG_CONFIG, PortBindings: ports },
    NetworkingConfig: {
      EndpointsConfig: {
        [around.networks.internal]: fixedEndpoint(replica.internalAddress, alias),
      },
    },
  };
}

/** What every container of a release is held to. */
export function releaseHost(
  spec: ServiceSpec,
  { instance, networks, mounts }: ReleaseSurroundings,
): ContainerBody["HostConfig"] {
  const volumeLabels = { [Label.instance]: instance, [Label.service]: spec.name };
  return {
    NetworkMode: networks.internal,
    RestartPolicy: { Name: "no" },
    SecurityOpt: ["no-new-privileges"],
    CapDrop: ["NET_RAW"],
    PidsLimit: REPLICA_PIDS_LIMIT,
    // Memory and swap together are no more than memory: what is over the limit is killed, not slow.
    ...(spec.maxMemoryBytes !== undefined && { Memory: spec.maxMemoryBytes, MemorySwap: spec.maxMemoryBytes }),
    ...(spec.maxCpus !== undefined && { NanoCpus: Math.round(spec.maxCpus * 1e9) }),
    Mounts: mounts.map(({ kind, source, target, readOnly }) => ({
      Type: kind === "bind" ? "bind" : "volume",
      Source: source,
      Target: target,
      ReadOnly: readOnly,
      ...(kind === "named" ? { VolumeOptions: { Labels: volumeLabels } } : {}),
    })),
  };
}

/**
 * What mypaas 0.5 told a container about itself, where its secrets are, then the service's own variables, which come first
 * where both name one.
 *
 * @returns `NAME=value`
 */
export function environment(
  container: string,
  { spec, env: all }: Pick<ReplicaRequest, "spec" | "env">,
): readonly string[] {
  const env = splitSecrets(spec, all).plain;
  const own = [
    ...secretPaths(spec),
    { name: "MYPAAS_SERVICE", value: spec.name },
    { name: "MYPAAS_CONTAINER", value: container },
    { name: "MYPAAS_SCALE", value: String(spec.scale) },
    { name: "MYPAAS_PORT", value: String(spec.port) },
  ];
  const told = [...own.filter(({ name }) => !env.some((variable) => variable.name === name)), ...env];
  return told.map(({ name, value }) => `${name}=${value}`);
}

/** By the port in the container, which may be reached at several of the server's. No address: all of them. */
function portBindings(publish: readonly PublishedPort[]): Readonly<Record<string, readonly { HostPort: string }[]>> {
  const bindings: Record<string, { HostPort: string }[]> = {};
  for (const { hostPort, port, protocol } of publish) {
    (bindings[`${port}/${protocol}`] ??= []).push({ HostPort: String(hostPort) });
  }
  return bindings;
}

/**
 * A replica's place on the internal network, or that of its service alone.
 *
 * @param service the name that leads to it, if one does
 * @param macAddress kept, so that the neighbours need not ask again (Engine 28 makes a new one at each connect)
 */
export function fixedEndpoint(address: string, service: string | undefined, macAddress?: string): EngineEndpoint {
  return {
    IPAMConfig: { IPv4Address: address },
    Aliases: service === undefined ? [] : [service],
    ...(macAddress ? { MacAddress: macAddress } : {}),
  };
}

/**
 * The times of an image's health check, made such that a starting replica is looked at each second (each two seconds
 * below API 1.44, where the time until a running one counts as unhealthy stays the image's). The test itself is inherited.
 *
 * @returns undefined when the image has none
 */
export function healthcheckWhileStarting(
  own: EngineHealthcheck | undefined,
  { startTimeoutSeconds, apiMinor }: { readonly startTimeoutSeconds: number; readonly apiMinor: number },
): EngineHealthcheck | undefined {
  const test = own?.Test ?? [];
  if (own === undefined || test.length === 0 || test[0] === "NONE") return undefined;
  const StartPeriod = startTimeoutSeconds * SECOND;
  if (apiMinor >= API_WITH_START_INTERVAL) {
    return { Interval: own.Interval || 10 * SECOND, StartPeriod, StartInterval: SECOND };
  }
  const unhealthyAfter = (own.Interval || DEFAULT_INTERVAL) * (own.Retries || DEFAULT_RETRIES);
  return { Interval: ONLY_INTERVAL, StartPeriod, Retries: Math.max(1, Math.ceil(unhealthyAfter / ONLY_INTERVAL)) };
}
