import * as v from "valibot";
import type { NetworkSettings } from "../setup/settings.ts";
import type { ContainerRef, EngineEndpoint } from "./container_requests.ts";
import { apiPath, decodeAs, type DockerRequest, ignoreAnswer, LabelsSchema } from "./request.ts";

const NetworkSchema = v.object({
  Id: v.string(),
  Name: v.string(),
  Labels: LabelsSchema,
  IPAM: v.object({
    Config: v.nullish(v.array(v.object({
      Subnet: v.optional(v.string(), ""),
      Gateway: v.optional(v.string(), ""),
      IPRange: v.optional(v.string(), ""),
    }))),
  }),
});

/** A network as the Engine describes it. */
export type EngineNetwork = v.InferOutput<typeof NetworkSchema>;

/** Looks at a network; 404 when there is none. The Engine takes an id's beginning for a name: compare. */
export function inspectNetwork(name: string): DockerRequest<EngineNetwork> {
  return {
    action: `look at the network "${name}"`,
    method: "GET",
    path: apiPath(["networks", name]),
    decode: decodeAs(NetworkSchema),
  };
}

/** Makes a bridge network; without settings Docker chooses a free subnet. */
export function createNetwork(
  name: string,
  { labels, settings }: {
    readonly labels: Readonly<Record<string, string>>;
    readonly settings?: NetworkSettings | undefined;
  },
): DockerRequest<void> {
  const config = settings && { Subnet: settings.subnet, Gateway: settings.gateway, IPRange: settings.range };
  return {
    action: `create the network "${name}"`,
    method: "POST",
    path: apiPath(["networks", "create"]),
    body: {
      Name: name,
      CheckDuplicate: true,
      Driver: "bridge",
      Labels: labels,
      ...(config ? { IPAM: { Config: [config] } } : {}),
    },
    decode: ignoreAnswer,
  };
}

/** 404 when it is not there. */
export function removeNetwork(name: string): DockerRequest<void> {
  return {
    action: `remove the network "${name}"`,
    method: "DELETE",
    path: apiPath(["networks", name]),
    decode: ignoreAnswer,
  };
}

const NetworkListSchema = v.array(v.object({ Name: v.string(), Labels: LabelsSchema }));

/** Names and labels of the networks that carry the labels. */
export function listNetworks(
  labels: readonly string[],
): DockerRequest<readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]> {
  return {
    action: "list the networks",
    method: "GET",
    path: apiPath(["networks"], { filters: { label: labels } }),
    decode: (answer) => v.parse(NetworkListSchema, answer).map(({ Name, Labels }) => ({ name: Name, labels: Labels })),
  };
}

/** Puts a container on a network, running or not. */
export function connectNetwork(
  network: string,
  { id, name }: ContainerRef,
  endpoint: EngineEndpoint,
): DockerRequest<void> {
  return {
    action: `connect "${name}" to the network "${network}"`,
    method: "POST",
    path: apiPath(["networks", network, "connect"]),
    body: { Container: id, EndpointConfig: endpoint },
    decode: ignoreAnswer,
  };
}

/** Takes a container off a network, running or not. */
export function disconnectNetwork(network: string, { id, name }: ContainerRef): DockerRequest<void> {
  return {
    action: `disconnect "${name}" from the network "${network}"`,
    method: "POST",
    path: apiPath(["networks", network, "disconnect"]),
    body: { Container: id, Force: true },
    decode: ignoreAnswer,
  };
}
