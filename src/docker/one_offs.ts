import type { ContainerHandle, OneOffRequest, Runtime } from "../deploy/runtime.ts";
import { MyPaasError } from "../error.ts";
import { Label, type ObjectNames, oneOffName } from "../service/names.ts";
import { waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import type { ContainerSecrets } from "./container_secrets.ts";
import { unlessStatus } from "./engine_error.ts";
import { inspectImage } from "./image_requests.ts";
import { connectNetwork } from "./network_requests.ts";
import { environment, releaseHost, type ReleaseSurroundings } from "./replica_container.ts";

/** The program that a one-off container was made for. */
const OWNER_LABEL = "mypaas.owner";
/** The Engine removes an ended container by itself; it may be at it already. */
const REMOVED_TIMEOUT_MS = 10_000;

/**
 * A one-off container as the Engine is told to make it: held to what a replica of its release is held to, on the internal
 * network without a name and at an address of Docker's own range. What it prints is for its user alone and is not kept.
 *
 * @param name its name in sentences, which it is told
 */
export function oneOffContainer(
  oneOff: OneOffRequest,
  name: string,
  around: ReleaseSurroundings,
): containers.ContainerBody {
  const { service, spec, command, stdin, tty } = oneOff;
  return {
    Image: oneOff.image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    Env: environment(name, oneOff),
    Labels: {
      [Label.instance]: around.instance,
      [Label.service]: service,
      [Label.part]: "one-off",
      [Label.release]: String(oneOff.release),
      [OWNER_LABEL]: oneOff.owner,
    },
    StopTimeout: spec.stopGraceSeconds,
    Healthcheck: { Test: ["NONE"] },
    Tty: tty,
    // Its input ends when its user has gone.
    OpenStdin: stdin,
    StdinOnce: stdin,
    HostConfig: { ...releaseHost(spec, around), LogConfig: { Type: "none" }, AutoRemove: true },
  };
}

/** See `Runtime.createOneOff`. @throws {MyPaasError} when the image is gone */
export async function createOneOff(
  client: DockerClient,
  oneOff: OneOffRequest,
  { names, ...around }: ReleaseSurroundings & { readonly names: ObjectNames },
  secrets: Pick<ContainerSecrets, "mounts" | "fill" | "sweep">,
): Promise<ContainerHandle> {
  const { service, release, image } = oneOff;
  if (await unlessStatus([404], client.run(inspectImage(image))) === undefined) {
    throw new MyPaasError(`Cannot run release ${release} of "${service}": its image is gone`, {
      hint: `See what there is with: mypaas history ${service}`,
    });
  }
  const token = crypto.randomUUID().slice(0, 8);
  const name = oneOffName(service, release, token);
  const own = names.oneOff(service, release, token);
  await secrets.sweep();
  const mounts = [...around.mounts, ...await secrets.mounts(own, oneOff)];
  const request = containers.createContainer(own, oneOffContainer(oneOff, name, { ...around, mounts }));
  const container = { id: await client.run(request), name };
  try {
    await secrets.fill(own, oneOff);
    for (const isolated of oneOff.reaches) {
      await client.run(connectNetwork(names.ownNetwork(isolated), container, {}));
    }
  } catch (error) {
    await unlessStatus([404, 409], client.run(containers.removeContainer(container)));
    throw error;
  }
  return container;
}

/** See `Runtime.removeOneOffs`. Done when they are gone. */
export async function removeOneOffs(
  client: DockerClient,
  instance: string,
  which: Parameters<Runtime["removeOneOffs"]>[0],
): Promise<void> {
  const labels = [`${Label.instance}=${instance}`, `${Label.part}=one-off`];
  const look = (id: string) => unlessStatus([404], client.run(containers.inspectContainer(id)));
  const listed = await client.run(containers.listContainers(labels));
  await Promise.all(listed.map(async ({ id, name }) => {
    const container = await look(id);
    const { [Label.service]: service = "", [OWNER_LABEL]: owner = "" } = container?.Config.Labels ?? {};
    if (container === undefined || !await which({ service, owner })) return;
    await unlessStatus([404, 409], client.run(containers.removeContainer({ id, name })));
    await waitUntil(async () => await look(id) === undefined, {
      what: `"${name}" is removed`,
      timeoutMs: REMOVED_TIMEOUT_MS,
    });
  }));
}
