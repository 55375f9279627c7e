import { MyPaasError } from "../error.ts";
import { DOCKER_HUB, type RegistryCredential } from "../service/registry.ts";
import type { DockerClient } from "./client.ts";
import { EngineError } from "./engine_error.ts";
import { type DockerRequest, ignoreAnswer } from "./request.ts";

/** The credential of a registry, by `registryOf`; undefined when the server is not logged in to it. */
export type Credentials = (host: string) => RegistryCredential | undefined;

/** Docker keeps Docker Hub under its old address (docker/docker registry.IndexServer). */
function serverAddress(host: string): string {
  return host === DOCKER_HUB ? "https://index.docker.io/v1/" : host;
}

/** The Engine wants base64url with its padding. */
function encode(value: unknown): string {
  return new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url" });
}

function authConfig({ host, username, password }: RegistryCredential) {
  return { username, password, serveraddress: serverAddress(host) };
}

/** The headers of a pull, or of a push, with a credential; none without. */
export function registryAuth(credential: RegistryCredential | undefined): Readonly<Record<string, string>> {
  return credential === undefined ? {} : { "X-Registry-Auth": encode(authConfig(credential)) };
}

/** The headers of a build whose images come from these registries. Only the classic builder reads them. */
export function registryConfig(credentials: readonly RegistryCredential[]): Readonly<Record<string, string>> {
  if (credentials.length === 0) return {};
  const configs = credentials.map((credential) => [serverAddress(credential.host), authConfig(credential)]);
  return { "X-Registry-Config": encode(Object.fromEntries(configs)) };
}

/** How Engines say that a registry refuses a credential; before 23.0 under status 500. */
const REFUSED = /\bunauthorized\b/i;

/** Asks a registry whether it takes a credential. */
export function checkAuth(credential: RegistryCredential): DockerRequest<void> {
  return {
    action: `log in to "${credential.host}"`,
    method: "POST",
    path: "/auth",
    body: authConfig(credential),
    decode: ignoreAnswer,
  };
}

/**
 * Makes sure that a registry takes a credential; the Engine asks it, as it will for each pull.
 *
 * @throws {MyPaasError} when it does not, or is not reached
 */
export async function checkCredential(client: DockerClient, credential: RegistryCredential): Promise<void> {
  try {
    await client.run(checkAuth(credential));
  } catch (error) {
    if (!(error instanceof EngineError) || error.status === 0) throw error;
    const { host, username } = credential;
    if (error.status === 401 || REFUSED.test(error.reason)) {
      throw new MyPaasError(`Cannot log in to "${host}": it refuses the user "${username}" with this password`, {
        cause: error,
        hint: "Some registries want a token in place of the password",
      });
    }
    throw new MyPaasError(error.message, { cause: error, hint: "Check that this server reaches the registry" });
  }
}
