import type { BuildLine } from "../deploy/runtime.ts";
import { BuildError } from "../error.ts";
import { registryOf } from "../service/registry.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import { EngineError, engineReason } from "./engine_error.ts";
import { type EngineImage, inspectImage, pullImage, remoteDigest } from "./image_requests.ts";
import { finish, hasImage } from "./pull.ts";
import { type Credentials, registryAuth } from "./registry_auth.ts";

/** How long a registry may think about where a tag leads: somebody waits for what comes of it. */
const ASK_TIMEOUT_MS = 15_000;

export interface PullParts {
  readonly client: DockerClient;
  readonly credentials: Credentials;
}

/** For whom an image is pulled. */
export interface PullOrder {
  readonly service: string;
  readonly onLine: (line: BuildLine) => void;
  readonly signal: AbortSignal;
}

/** Pulls an image that is not on the machine. @throws {BuildError} when it cannot be had */
export async function pullMissing(parts: PullParts, image: string, order: PullOrder): Promise<void> {
  if (image !== "scratch" && !await hasImage(parts.client, image)) await pull(parts, image, order);
}

/**
 * Pulls an image although it is on the machine, because its tag may lead elsewhere by now. When it cannot be pulled, what
 * is on the machine counts, and a line says so.
 *
 * @returns its id
 * @throws {BuildError} when it cannot be pulled and is not on the machine
 */
export async function pullAgain(parts: PullParts, image: string, order: PullOrder): Promise<string> {
  const { client } = parts;
  try {
    await pull(parts, image, order);
  } catch (error) {
    if (!(error instanceof BuildError) || !await hasImage(client, image)) throw error;
    const reason = error.cause instanceof EngineError ? error.cause.reason : error.message;
    order.onLine({ step: "", text: `warning: ${notAgain(image, reason)}` });
  }
  return (await client.run(inspectImage(image))).Id;
}

/**
 * Whether the tag of an image leads elsewhere by now, as its registry says.
 *
 * @returns why that cannot be told, when the registry does not say
 */
export async function hasMoved(
  { client, credentials }: PullParts,
  image: string,
  { RepoDigests }: Pick<EngineImage, "RepoDigests">,
): Promise<boolean | string> {
  const request = remoteDigest(image, registryAuth(credentials(registryOf(image))));
  try {
    const digest = await waitUntil((signal) => client.run(request, signal), {
      what: `the registry of "${image}" answers`,
      timeoutMs: ASK_TIMEOUT_MS,
    });
    return !(RepoDigests ?? []).some((known) => known.endsWith(`@${digest}`));
  } catch (error) {
    if (error instanceof TimeoutError) return notAgain(image, error.message);
    if (error instanceof EngineError && error.status !== 0) return notAgain(image, error.reason);
    throw error;
  }
}

function notAgain(image: string, reason: string): string {
  return `"${image}" cannot be pulled again, the one on this server counts: ${engineReason(reason)}`;
}

async function pull({ client, credentials }: PullParts, image: string, order: PullOrder): Promise<void> {
  order.onLine({ step: `pull ${image}`, text: "" });
  const host = registryOf(image);
  const credential = credentials(host);
  try {
    await finish(client, pullImage(image, registryAuth(credential)), order.signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.status === 0) throw error;
    const login = `mypaas registry login ${host} --username`;
    const hint = credential === undefined
      ? `Check the name of the image, and that this server reaches its registry; if it is private: ${login} NAME.`
      : `This server is logged in to ${host} as "${credential.username}": check that this user may pull it, or log in again: ${login} ${credential.username}.`;
    const sentence = `Cannot build "${order.service}": its base image "${image}" cannot be pulled: ${error.reason}`;
    throw new BuildError(sentence, { cause: error, hint });
  }
}
