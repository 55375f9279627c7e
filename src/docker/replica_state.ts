import type { ReplicaState } from "../deploy/runtime.ts";
import { Label, type ObjectNames, type ReplicaId } from "../service/names.ts";
import { endpointAddress, type EngineContainer } from "./container_requests.ts";
import { engineReason } from "./engine_error.ts";
import { INTERNAL_ADDRESS_LABEL, OWN_ADDRESS_LABEL } from "./replica_container.ts";

const NEVER = "0001-01-01T00:00:00Z";

/** Reads off the labels which replica a container is; undefined when it is none. */
export function replicaIdOf(labels: Readonly<Record<string, string>>): ReplicaId | undefined {
  const service = labels[Label.service];
  const release = Number(labels[Label.release]);
  const n = Number(labels[Label.replica]);
  if (!service || !Number.isInteger(release) || !Number.isInteger(n)) return undefined;
  return { service, release, n };
}

/** What an inspected container says of its replica. */
export function replicaState(
  id: ReplicaId,
  container: EngineContainer,
  names: Pick<ObjectNames, "networks" | "ownNetwork">,
): ReplicaState {
  const { State: state } = container;
  const { networks } = names;
  const health = healthOf(state.Health?.Status);
  return {
    id,
    status: statusOf(state.Status),
    ingressAddress: addressOn(container, networks.ingress),
    internalAddress: addressOn(container, networks.internal),
    named: hasAlias(container, namePlace(id.service, container, names).network, id.service),
    reaches: reachedFrom(id.service, container, names),
    restarts: container.HostConfig.RestartPolicy?.Name === "always",
    health,
    healthOutput: health === "healthy" ? "" : (state.Health?.Log?.at(-1)?.Output ?? "").trim(),
    pid: state.Pid,
    restartCount: container.RestartCount,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: engineReason(state.Error),
    startedAt: state.StartedAt === NEVER ? undefined : state.StartedAt,
  };
}

/** The address of a container on a network, as `endpointAddress`; undefined when it is not on it. */
export function addressOn(container: EngineContainer, network: string): string | undefined {
  const endpoint = container.NetworkSettings.Networks?.[network];
  return endpoint && endpointAddress(endpoint);
}

/** The network on which the service's name leads to a replica, and its address there as it was made. */
export function namePlace(
  service: string,
  { Config: { Labels: labels } }: EngineContainer,
  names: Pick<ObjectNames, "networks" | "ownNetwork">,
): { readonly network: string; readonly address: string | undefined } {
  const own = labels[OWN_ADDRESS_LABEL];
  if (own !== undefined) return { network: names.ownNetwork(service), address: own };
  return { network: names.networks.internal, address: labels[INTERNAL_ADDRESS_LABEL] };
}

/** The services on whose own networks a replica is. */
function reachedFrom(
  service: string,
  container: EngineContainer,
  { ownNetwork }: Pick<ObjectNames, "ownNetwork">,
): readonly string[] {
  const before = ownNetwork("");
  return Object.keys(container.NetworkSettings.Networks ?? {})
    .filter((network) => network.startsWith(before) && network !== ownNetwork(service))
    .map((network) => network.slice(before.length))
    .sort();
}

/** Whether a name leads to a container on a network. */
export function hasAlias(container: EngineContainer, network: string, alias: string): boolean {
  return container.NetworkSettings.Networks?.[network]?.Aliases?.includes(alias) ?? false;
}

/** In the order of names, with numbers as numbers. */
export function byName({ id: a }: ReplicaState, { id: b }: ReplicaState): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return a.release - b.release || a.n - b.n;
}

function statusOf(status: string): ReplicaState["status"] {
  switch (status) {
    case "created":
    case "running":
    case "restarting":
      return status;
    case "paused":
      return "running";
    default:
      return "exited";
  }
}

function healthOf(status: string | undefined): ReplicaState["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}
