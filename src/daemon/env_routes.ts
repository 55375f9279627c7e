import { actorName } from "../auth/actor.ts";
import { openSealed, seal } from "../auth/seal.ts";
import { changedNames } from "../deploy/same_content.ts";
import type { Release } from "../deploy/store.ts";
import { errorOfKind, MyPaasError, UsageError } from "../error.ts";
import type { EnvVariable } from "../service/spec.ts";
import {
  envContext,
  type EnvGetAnswer,
  type EnvListAnswer,
  type EnvSetAnswer,
  type EnvSetRequest,
  faultOfEnvValue,
  parseEnvGetRequest,
  parseEnvSetRequest,
  STAYS_STORED,
} from "../wire/env.ts";
import { MAX_ENV_VALUES } from "../wire/limits.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { resolveEnv } from "./env_values.ts";
import { readyFor } from "./followed.ts";
import { inPath, required, row } from "./route_row.ts";

/** Requests about the environment that the server stores for a service. */
export const ENV_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/services/:name/env", "env-list"), service: inPath, run: listEnv },
  { ...row("POST", "/v1/services/:name/env", "env-set"), service: inPath, audited: true, run: setEnv },
  { ...row("POST", "/v1/services/:name/env/:variable", "env-get"), service: inPath, audited: true, run: getEnv },
];

function listEnv(call: Call, { envStore, serverId, sealingKey }: ApiParts): Result {
  const variables = envStore.values(serviceOf(call)).map(({ value: _, ...variable }) => variable);
  return { json: { serverId, sealingKey: sealingKey.publicKey, variables } satisfies EnvListAnswer };
}

async function getEnv(call: Call, { envStore, serverId }: ApiParts): Promise<Result> {
  const service = serviceOf(call);
  const name = required(call.params["variable"], "variable");
  const { reader } = parseEnvGetRequest(call.takeBody());
  const stored = envStore.values(service).find((variable) => variable.name === name);
  if (stored === undefined) throw notSet(`Cannot read "${name}" of "${service}"`, service);
  if (stored.secret) {
    throw new UsageError(`Cannot read "${name}" of "${service}": it was stored with --secret, and is given to nobody`, {
      hint: `Its service has it. A new value: mypaas env set ${service} ${name} --secret`,
    });
  }
  const value = await seal(stored.value, { reader, context: envContext(serverId, service, name) });
  return { json: { name, value } satisfies EnvGetAnswer, subject: `${service} ${name}` };
}

/** Stores first, so that the change is there whatever comes next: asked again, it rolls out what is not live yet. */
async function setEnv(call: Call, parts: ApiParts): Promise<Result> {
  const service = serviceOf(call);
  const request = parseEnvSetRequest(call.takeBody());
  const { envStore, store, now } = parts;
  const set = await opened(service, request, parts);
  await readyFor(call, parts, `Cannot change the variables of "${service}"`);
  const newest = newestRelease(service, parts);
  checkNames(service, { request, newest }, parts);
  const by = actorName(call.actor);
  envStore.change(service, { set, unset: request.unset, secret: request.secret ?? false, by, at: now().toISOString() });
  const names = [...set.map(({ name }) => name), ...request.unset];
  const stopped = store.serviceState(service) !== "running";
  const isRolledOut = request.deploy && !stopped && newest !== undefined;
  const answer: EnvSetAnswer = {
    release: newest?.number,
    stopped,
    unused: names.filter((name) => newest?.spec.storedEnv.includes(name) !== true),
    lacking: newest === undefined ? [] : resolveEnv(envStore, newest.spec).lacking,
    deploy: undefined,
    behind: undefined,
    ...isRolledOut ? await rollOutEnv(newest, { names, unset: request.unset, by }, parts) : {},
  };
  return { json: answer, subject: [service, ...names].join(" ") };
}

/** The release that serves when all deploys under way are done, if they succeed. */
function newestRelease(service: string, { store }: ApiParts): Release | undefined {
  return store.pending().findLast((release) => release.service === service) ?? store.live(service);
}

/**
 * Makes a new release of the same image with the stored values of now, where one of the names makes a difference. What the
 * release has and the store has not (after a rollback) stays, unless it is one of the names, or there are none: a change of
 * one variable takes no other one away.
 */
async function rollOutEnv(
  newest: Release,
  { names, unset, by }: { readonly names: readonly string[]; readonly unset: readonly string[]; readonly by: string },
  { deploys, envStore }: ApiParts,
): Promise<Partial<EnvSetAnswer>> {
  const { service, number, spec } = newest;
  if (names.length > 0 && !names.some((name) => spec.storedEnv.includes(name))) return {};
  const { env, lacking } = resolveEnv(envStore, spec);
  const kept = names.length === 0 ? [] : lacking.filter((name) => !unset.includes(name));
  const resolved = [...env, ...newest.env.filter(({ name }) => kept.includes(name))];
  const changed = changedNames(newest.env, resolved);
  if (changed.length === 0) return {};
  if (newest.status === "pending") return { behind: `${service}.${number}` };
  try {
    const origin = { kind: "env", of: number, names: changed } as const;
    return { deploy: (await deploys.redeploy(service, { origin, env: resolved }, { by })).id };
  } catch (error) {
    if (!(error instanceof MyPaasError)) throw error;
    const hint = error.hint === undefined ? STAYS_STORED : `${error.hint} ${STAYS_STORED}`;
    throw errorOfKind(error.kind, error.message, { hint, details: error.details, cause: error });
  }
}

/** The values of a request, which are checked here: nobody on the way could. */
async function opened(
  service: string,
  { set }: EnvSetRequest,
  { serverId, sealingKey }: ApiParts,
): Promise<readonly EnvVariable[]> {
  return await Promise.all(set.map(async ({ name, value: sealed }) => {
    const value = await openSealed(sealed, { reader: sealingKey, context: envContext(serverId, service, name) });
    const fault = faultOfEnvValue(value);
    if (fault !== undefined) throw new UsageError(`Cannot set "${name}" of "${service}": its value ${fault}`);
    return { name, value };
  }));
}

function checkNames(
  service: string,
  { request, newest }: { readonly request: EnvSetRequest; readonly newest: Release | undefined },
  { envStore }: ApiParts,
): void {
  const stored = envStore.values(service).map(({ name }) => name);
  // One that is gone from the store and not from the release is what a power cut may leave: asking again finishes it.
  const running = newest?.env.map(({ name }) => name).filter((name) => newest.spec.storedEnv.includes(name)) ?? [];
  const unknown = request.unset.find((name) => !stored.includes(name) && !running.includes(name));
  if (unknown !== undefined) throw notSet(`Cannot unset "${unknown}" of "${service}"`, service);
  const after = new Set([...stored, ...request.set.map(({ name }) => name)]);
  if (after.size > MAX_ENV_VALUES) {
    throw new UsageError(
      `Cannot set the variables of "${service}": there would be ${after.size}, allowed are ${MAX_ENV_VALUES}`,
    );
  }
}

function notSet(cannot: string, service: string): MyPaasError {
  return new MyPaasError(`${cannot}: it is not set`, { hint: `mypaas env list ${service} shows what is.` });
}

/** The service may be one that is not deployed yet. */
function serviceOf(call: Call): string {
  return required(inPath(call), "name");
}
