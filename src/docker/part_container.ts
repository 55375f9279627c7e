import type { PartContainer } from "../setup/machine.ts";
import type { ContainerBody } from "./container_requests.ts";
import { LOG_CONFIG } from "./replica_container.ts";

/** Digest of the `PartContainer` that a container was made from. */
export const DIGEST_LABEL = "mypaas.digest";

/**
 * A part of the server as the Engine is told to make it: on its first network only (an API below 1.44 takes one); the
 * others are connected before the start. It has no capability but those named, and comes back after a crash or a reboot.
 */
export function partContainer(part: PartContainer, digest: string): ContainerBody {
  const [first] = part.networks;
  const ports = part.ports.map(({ host, container }) => [`${container}/tcp`, String(host)] as const);
  return {
    Image: part.image,
    ...(part.command.length > 0 ? { Cmd: part.command } : {}),
    ...(part.user === "" ? {} : { User: part.user }),
    Env: Object.entries(part.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...part.labels, [DIGEST_LABEL]: digest },
    ExposedPorts: Object.fromEntries(ports.map(([port]) => [port, {}])),
    HostConfig: {
      ...(part.hostNetwork ? { NetworkMode: "host" } : first ? { NetworkMode: first.name } : {}),
      ...(part.hostPid ? { PidMode: "host" } : {}),
      RestartPolicy: { Name: "always" },
      LogConfig: LOG_CONFIG,
      SecurityOpt: ["no-new-privileges"],
      CapDrop: ["ALL"],
      CapAdd: part.capabilities,
      ReadonlyRootfs: part.readOnlyRoot,
      ...(part.pidsLimit > 0 ? { PidsLimit: part.pidsLimit } : {}),
      // The Engine makes a missing folder of `Binds`, and refuses a container with a missing one of `Mounts`.
      Binds: part.mounts.filter(({ make }) => make === true)
        .map(({ source, target, readOnly }) => `${source}:${target}:${readOnly ? "ro" : "rw"}`),
      Mounts: part.mounts.filter(({ make }) => make !== true).map(({ source, target, readOnly }) => ({
        Type: "bind",
        Source: source,
        Target: target,
        ReadOnly: readOnly,
      })),
      Tmpfs: Object.fromEntries(part.tmpfs.map((target) => [target, ""])),
      PortBindings: Object.fromEntries(ports.map(([port, HostPort]) => [port, [{ HostPort }]])),
    },
    ...(first ? { NetworkingConfig: { EndpointsConfig: { [first.name]: fixedAddress(first.address) } } } : {}),
  };
}

/** A fixed place on a network. */
export function fixedAddress(address: string): { readonly IPAMConfig: { readonly IPv4Address: string } } {
  return { IPAMConfig: { IPv4Address: address } };
}
