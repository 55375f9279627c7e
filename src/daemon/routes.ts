import type { HelloAnswer } from "../wire/requests.ts";
import type { ApiParts, ApiRoute } from "./api.ts";
import { DEPLOY_ROUTES } from "./deploy_routes.ts";
import { ENV_ROUTES } from "./env_routes.ts";
import { KEY_ROUTES } from "./key_routes.ts";
import { REGISTRY_ROUTES } from "./registry_routes.ts";
import { RELEASE_ROUTES } from "./release_routes.ts";
import { SERVICE_ROUTES } from "./service_routes.ts";
import { SESSION_ROUTES } from "./session_routes.ts";
import { STATS_ROUTES } from "./stats_routes.ts";

/** Every request that the daemon answers, but for `hello`, `login` and `verify`. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...DEPLOY_ROUTES,
  ...SERVICE_ROUTES,
  ...RELEASE_ROUTES,
  ...SESSION_ROUTES,
  ...ENV_ROUTES,
  ...KEY_ROUTES,
  ...STATS_ROUTES,
  ...REGISTRY_ROUTES,
];

/** `GET /v1/hello`: who this server is. Open to all. */
export function hello({ serverId, version, now }: ApiParts): HelloAnswer {
  return { serverId, version, time: now().toISOString() };
}
