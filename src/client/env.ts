import { generateSealingKey, openSealed, seal } from "../auth/seal.ts";
import type { EnvVariable } from "../service/spec.ts";
import {
  envContext,
  type EnvGetRequest,
  type EnvListAnswer,
  type EnvSetAnswer,
  type EnvSetRequest,
  parseEnvGetAnswer,
  parseEnvListAnswer,
  parseEnvSetAnswer,
} from "../wire/env.ts";
import type { Connection } from "./connection.ts";

type Server = Pick<Connection, "json">;

/** What the store of a service has, without the values. */
export async function listEnv(server: Server, service: string): Promise<EnvListAnswer> {
  return await server.json("GET", envPath(service), { parse: parseEnvListAnswer });
}

/** Asks for one value, sealed to a key that is made for this. */
export async function getEnv(
  server: Server,
  { service, name }: { readonly service: string; readonly name: string },
): Promise<string> {
  const { serverId } = await listEnv(server, service);
  const reader = await generateSealingKey();
  const body = jsonBytes({ reader: reader.publicKey } satisfies EnvGetRequest);
  const path = `${envPath(service)}/${encodeURIComponent(name)}`;
  const { value } = await server.json("POST", path, { body, parse: parseEnvGetAnswer });
  return await openSealed(value, { reader, context: envContext(serverId, service, name) });
}

/** A change of the store of a service. Nothing to set and to unset: only roll out what is not live yet. */
export interface EnvChange {
  readonly service: string;
  readonly set: readonly EnvVariable[];
  readonly unset: readonly string[];
  /** Whether the server gives what is set back to nobody. */
  readonly secret?: boolean;
  readonly deploy: boolean;
}

/** Changes the store of a service; each value is sealed to the daemon. */
export async function changeEnv(
  server: Server,
  { service, set, unset, secret = false, deploy }: EnvChange,
): Promise<EnvSetAnswer> {
  const { serverId, sealingKey } = await listEnv(server, service);
  const sealed = await Promise.all(set.map(async ({ name, value }) => ({
    name,
    value: await seal(value, { reader: sealingKey, context: envContext(serverId, service, name) }),
  })));
  const body = jsonBytes({ set: sealed, unset, ...secret && { secret }, deploy } satisfies EnvSetRequest);
  return await server.json("POST", envPath(service), { body, parse: parseEnvSetAnswer });
}

function envPath(service: string): string {
  return `/v1/services/${encodeURIComponent(service)}/env`;
}

function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
