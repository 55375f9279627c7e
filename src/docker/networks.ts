import { MyPaasError } from "../error.ts";
import { addressCount, networkSettings } from "../setup/addresses.ts";
import { FixedHost, type NetworkSettings } from "../setup/settings.ts";
import type { DockerClient } from "./client.ts";
import { EngineError, unlessStatus } from "./engine_error.ts";
import * as requests from "./network_requests.ts";
import { refuseForeign } from "./refuse_foreign.ts";

/** How often a subnet is chosen anew when somebody else takes it before it is spelled out. */
const SUBNET_ATTEMPTS = 5;
const MORE_SUBNETS = 'Give Docker more, and larger, subnets: "default-address-pools" in /etc/docker/daemon.json';

/** The network of exactly that name. */
export async function findNetwork(client: DockerClient, name: string): Promise<requests.EngineNetwork | undefined> {
  const network = await unlessStatus([404], client.run(requests.inspectNetwork(name)));
  return network?.Name === name ? network : undefined;
}

/** Subnet, gateway and Docker's own range of a network; empty where it has none. */
export function settingsOf({ IPAM }: requests.EngineNetwork): NetworkSettings {
  const { Subnet = "", Gateway = "", IPRange = "" } = IPAM.Config?.[0] ?? {};
  return { subnet: Subnet, gateway: Gateway, range: IPRange };
}

/**
 * Makes a network with a subnet that Docker finds free, spelled out: only then Docker takes fixed addresses.
 *
 * @throws {MyPaasError} when the name is taken, or Docker has no such subnet left
 */
export async function makeNetwork(
  client: DockerClient,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<NetworkSettings> {
  for (let attempt = 1;; attempt++) {
    const settings = networkSettings(await freeSubnet(client, name, labels));
    try {
      await client.run(requests.createNetwork(name, { labels, settings }));
      return settings;
    } catch (error) {
      if (!isRefusal(error) || attempt === SUBNET_ATTEMPTS) throw error;
    }
  }
}

/** Removes a network of ours; no error when it is not there. */
export async function removeNetwork(client: DockerClient, name: string): Promise<void> {
  const network = await findNetwork(client, name);
  if (network === undefined) return;
  refuseForeign("network", name, network.Labels);
  await unlessStatus([404], client.run(requests.removeNetwork(network.Id)));
}

/** A subnet that Docker finds free: the one of a network that is made for the question and removed. */
async function freeSubnet(
  client: DockerClient,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  // With a dot it is the name of no service's network.
  const question = `${name}.subnet`;
  await removeNetwork(client, question);
  try {
    await client.run(requests.createNetwork(question, { labels }));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new MyPaasError(`Cannot create the network "${name}": ${error.reason}`, { cause: error, hint: MORE_SUBNETS });
  }
  const { IPAM } = await client.run(requests.inspectNetwork(question));
  await removeNetwork(client, question);
  const subnet = IPAM.Config?.map(({ Subnet }) => Subnet).find((each) => each.includes(".")) ?? "";
  if (subnet === "" || addressCount(subnet) < 4 * FixedHost.firstReplica) {
    throw new MyPaasError(
      `Cannot create the network "${name}": Docker chose the subnet "${subnet}", which is too small`,
      { hint: MORE_SUBNETS },
    );
  }
  return subnet;
}

/** Docker has said no for another reason than the name. */
function isRefusal(error: unknown): error is EngineError {
  return error instanceof EngineError && error.status !== 0 && error.status !== 409;
}
