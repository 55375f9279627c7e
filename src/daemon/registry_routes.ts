import { actorName } from "../auth/actor.ts";
import { openSealed } from "../auth/seal.ts";
import { parseRegistryLoginRequest, type RegistriesAnswer, registryContext } from "../wire/registries.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { required, row } from "./route_row.ts";

/** Requests about the registries that images come from. */
export const REGISTRY_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/registries", "registry-list"), run: list },
  { ...row("POST", "/v1/registries", "registry-set"), audited: true, run: login },
  { ...row("DELETE", "/v1/registries/:host", "registry-set"), audited: true, run: logout },
];

function list(_call: Call, { registries, serverId, sealingKey }: ApiParts): Result {
  const answer = { serverId, sealingKey: sealingKey.publicKey, registries: registries.list() };
  return { json: answer satisfies RegistriesAnswer };
}

async function login({ actor, takeBody }: Call, { registries, serverId, sealingKey }: ApiParts): Promise<Result> {
  const request = parseRegistryLoginRequest(takeBody());
  const context = registryContext(serverId, request);
  const password = await openSealed(request.password, { reader: sealingKey, context });
  const stored = await registries.login({ ...request, password }, actorName(actor));
  return { json: stored, subject: stored.host };
}

function logout({ params }: Call, { registries }: ApiParts): Result {
  const { host } = registries.logout(decodeURIComponent(required(params["host"], "host")));
  return { json: { host }, subject: host };
}
