import { seal } from "../auth/seal.ts";
import type { RegistryCredential } from "../service/registry.ts";
import {
  parseRegistriesAnswer,
  type RegistriesAnswer,
  registryContext,
  type RegistryLoginRequest,
  type RegistrySummary,
} from "../wire/registries.ts";
import type { Connection } from "./connection.ts";
import { shortTime, table } from "./tables.ts";

type Server = Pick<Connection, "json">;

const PATH = "/v1/registries";

/** What a server is logged in to. */
export async function listRegistries(server: Server): Promise<RegistriesAnswer> {
  return await server.json("GET", PATH, { parse: parseRegistriesAnswer });
}

/**
 * Logs a server in; the password is sealed to the daemon.
 *
 * @throws {MyPaasError} when the registry refuses it
 */
export async function loginRegistry(server: Server, { host, username, password }: RegistryCredential): Promise<void> {
  const { serverId, sealingKey } = await listRegistries(server);
  const context = registryContext(serverId, { host, username });
  const sealed = await seal(password, { reader: sealingKey, context });
  const request: RegistryLoginRequest = { host, username, password: sealed };
  const body = new TextEncoder().encode(JSON.stringify(request));
  await server.json("POST", PATH, { body, parse: () => undefined });
}

/** @throws {MyPaasError} when the server is not logged in to it */
export async function logoutRegistry(server: Server, host: string): Promise<void> {
  await server.json("DELETE", `${PATH}/${encodeURIComponent(host)}`, { parse: () => undefined });
}

/** The lines of `mypaas registry list`. */
export function registriesTable(registries: readonly RegistrySummary[]): readonly string[] {
  if (registries.length === 0) return ["no registries"];
  return table(
    ["REGISTRY", "USER", "BY", "SINCE"],
    registries.map(({ host, username, by, at }) => [host, username, by, shortTime(at)]),
  );
}
