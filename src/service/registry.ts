import { UsageError } from "../error.ts";

/** Docker Hub, as images without a registry in their name are found there. */
export const DOCKER_HUB = "docker.io";
/** Other names under which Docker Hub is known to people and programs. */
const HUB_NAMES: readonly string[] = ["docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com"];

/** How a registry knows this server. */
export interface RegistryCredential {
  /** As `registryOf` names it, such as `images.example.org` or `127.0.0.1:5000`. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The registry that an image comes from, by Docker's rule: what stands before the first slash when it has a dot or a port,
 * or is `localhost`; else Docker Hub (distribution/reference, splitDockerDomain).
 */
export function registryOf(image: string): string {
  const slash = image.indexOf("/");
  const host = image.slice(0, Math.max(0, slash));
  if (!/[.:]/.test(host) && host !== "localhost") return DOCKER_HUB;
  return canonical(host);
}

/**
 * Reads the registry that somebody names to log in.
 *
 * @throws {UsageError}
 */
export function parseRegistryHost(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(text) || registryOf(`${text}/x`) !== canonical(text)) {
    throw new UsageError(`Cannot use ${JSON.stringify(text)}: it is not the host of a registry`, {
      hint:
        "Write what stands before the first slash of the image's name, such as images.example.org or registry.example.org:5000",
    });
  }
  return canonical(text);
}

function canonical(host: string): string {
  const lower = host.toLowerCase();
  return HUB_NAMES.includes(lower) ? DOCKER_HUB : lower;
}
