import { actorName } from "../auth/actor.ts";
import { parseRegistryLogin } from "../wire/registries.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { required, row } from "./route_row.ts";

/** Requests about the registries that images come from. */
export const REGISTRY_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/registries", "registry-list"), run: list },
  // Not over the gate: the receiver would learn the password.
  { ...row("POST", "/v1/registries", "registry-set"), doors: ["local"], audited: true, run: login },
  { ...row("DELETE", "/v1/registries/:host", "registry-set"), audited: true, run: logout },
];

function list(_call: Call, { registries }: ApiParts): Result {
  return { json: registries.list() };
}

async function login({ actor, body }: Call, { registries }: ApiParts): Promise<Result> {
  const stored = await registries.login(parseRegistryLogin(body), actorName(actor));
  return { json: stored, subject: stored.host };
}

function logout({ params }: Call, { registries }: ApiParts): Result {
  const { host } = registries.logout(decodeURIComponent(required(params["host"], "host")));
  return { json: { host }, subject: host };
}
