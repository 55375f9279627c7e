import { actorName } from "../auth/actor.ts";
import { isSameContent } from "../deploy/same_content.ts";
import type { Origin, Release } from "../deploy/store.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { withScale } from "../service/scale.ts";
import { parseCancelRequest, parseRollbackRequest, parseScaleRequest, type ReleaseSummary } from "../wire/releases.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import type { Redeploy } from "./asked.ts";
import { followed, readyFor } from "./followed.ts";
import { asker, inPath, noSuchService, required, row, wholeNumber } from "./route_row.ts";

/** Releases that `history` tells of when it is not asked for more or less. */
const HISTORY_LIMIT = 20;

/** Requests about the releases of one service. */
export const RELEASE_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/services/:name/releases", "history"), service: inPath, run: history },
  { ...row("GET", "/v1/services/:name/releases/:number/verdict", "verdict"), service: inPath, run: verdict },
  { ...row("POST", "/v1/services/:name/rollback", "rollback"), service: inPath, audited: true, run: rollback },
  { ...row("POST", "/v1/services/:name/restart", "restart"), service: inPath, audited: true, run: restart },
  { ...row("POST", "/v1/services/:name/scale", "scale"), service: inPath, audited: true, run: scale },
  { ...row("POST", "/v1/services/:name/cancel", "cancel"), service: inPath, audited: true, run: cancel },
  { ...row("POST", "/v1/services/:name/stop", "stop"), service: inPath, audited: true, run: stop },
  { ...row("POST", "/v1/services/:name/start", "start"), service: inPath, audited: true, run: start },
  { ...row("DELETE", "/v1/services/:name", "remove"), service: inPath, audited: true, run: remove },
];

function history(call: Call, { store }: ApiParts): Result {
  const { name } = known(call, store, (service) => `Cannot show the history of "${service}"`);
  const releases = store.releases(name, wholeNumber(call, "limit") ?? HISTORY_LIMIT);
  return { json: releases.map(summary) };
}

/** Answers when the probation of a release is over. */
async function verdict(call: Call, { store, probation }: ApiParts): Promise<Result> {
  const { name, cannot } = known(call, store, (service) => `Cannot wait for a release of "${service}"`);
  const number = Number(call.params["number"]);
  if (store.release(name, number) === undefined) {
    throw new UsageError(`${cannot}: it has no release ${call.params["number"]}`);
  }
  return { json: await probation.verdict(name, number) };
}

function summary({ number, status, origin, by, createdAt, endedAt, step, error }: Release): ReleaseSummary {
  return { release: number, status, what: describeOrigin(origin), by, createdAt, endedAt, step, error };
}

function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "rollback":
      return `rollback to ${origin.of}${origin.because === undefined ? "" : ", by itself"}`;
    case "scale":
      return `scale to ${origin.scale}`;
    case "env":
      return `env ${origin.names.join(", ")}`;
    case "deploy":
    case "restart":
      return origin.kind;
  }
}

async function rollback(call: Call, parts: ApiParts): Promise<Result> {
  const { store } = parts;
  const { release } = parseRollbackRequest(call.takeBody());
  const { name, cannot } = known(call, store, (service) => `Cannot roll "${service}" back`);
  await readyFor(call, parts, cannot);
  const of = release === undefined ? previous(parts, name) : wasLive(parts, name, release);
  return await redeploy(call, parts, { name, cannot, change: () => ({ origin: { kind: "rollback", of } }) });
}

/** The last release that was live and was another than the live one. */
function previous({ store }: ApiParts, name: string): number {
  const live = store.live(name);
  const found = store.releases(name, Number.MAX_SAFE_INTEGER).find((release) =>
    release.status === "retired" && (live === undefined || !isSameContent(release, live))
  );
  if (found !== undefined) return found.number;
  throw new MyPaasError(`Cannot roll "${name}" back: no other release of it was live before`, {
    hint: `See what there is with: mypaas history ${name}`,
  });
}

function wasLive({ store }: ApiParts, name: string, number: number): number {
  const release = store.release(name, number);
  if (release?.status === "retired") return number;
  const reason = release === undefined
    ? "there is no such release"
    : release.status === "live"
    ? "it is live"
    : `it is ${release.status} and never was live`;
  throw new UsageError(`Cannot roll "${name}" back to release ${number}: ${reason}`, {
    hint: `See what there is with: mypaas history ${name}`,
  });
}

async function restart(call: Call, parts: ApiParts): Promise<Result> {
  const { name, cannot } = known(call, parts.store, (service) => `Cannot restart "${service}"`);
  await readyFor(call, parts, cannot);
  return await redeploy(call, parts, {
    name,
    cannot,
    change: ({ number }) => ({ origin: { kind: "restart", of: number } }),
  });
}

async function scale(call: Call, parts: ApiParts): Promise<Result> {
  const { scale } = parseScaleRequest(call.takeBody());
  const { name, cannot } = known(call, parts.store, (service) => `Cannot scale "${service}"`);
  await readyFor(call, parts, cannot);
  return await redeploy(call, parts, {
    name,
    cannot,
    change: ({ number, spec, contentDigest }) => ({
      origin: { kind: "scale", of: number, scale },
      spec: withScale(spec, scale),
      // Not what the Dockerfile says: the next push of it is a change, and it counts.
      contentDigest: `${contentDigest.split("+")[0]}+scale=${scale}`,
    }),
  });
}

/** Rolls out what `change` makes of the live release. */
async function redeploy(
  call: Call,
  parts: ApiParts,
  { name, cannot, change }: {
    readonly name: string;
    readonly cannot: string;
    readonly change: (live: Release) => Redeploy;
  },
): Promise<Result> {
  const live = parts.store.live(name);
  if (live === undefined) {
    throw new MyPaasError(`${cannot}: it has no live release`, { hint: "Push it first." });
  }
  const deploy = await parts.deploys.redeploy(name, change(live), asker(call));
  return followed(deploy, call, parts);
}

function cancel(call: Call, { deploys, store }: ApiParts): Result {
  const { deploy: id } = parseCancelRequest(call.takeBody());
  const { name } = known(call, store, (service) => `Cannot cancel the deploy of "${service}"`);
  const cancelled = deploys.cancel(name, { id, by: actorName(call.actor) });
  if (cancelled.length > 0) return { json: { cancelled } };
  throw new MyPaasError(
    id === undefined
      ? `Cannot cancel a deploy of "${name}": none is under way`
      : `Cannot cancel the deploy "${id}": it is not under way`,
    { hint: `A release that is live is taken back with: mypaas rollback ${name}` },
  );
}

async function stop(call: Call, parts: ApiParts): Promise<Result> {
  const { name, cannot } = known(call, parts.store, (service) => `Cannot stop "${service}"`);
  await readyFor(call, parts, cannot);
  return followed(parts.actions.stop(name), call, parts);
}

async function start(call: Call, parts: ApiParts): Promise<Result> {
  const { name, cannot } = known(call, parts.store, (service) => `Cannot start "${service}"`);
  await readyFor(call, parts, cannot);
  return followed(parts.actions.start(name), call, parts);
}

async function remove(call: Call, parts: ApiParts): Promise<Result> {
  const { name, cannot } = known(call, parts.store, (service) => `Cannot remove "${service}"`);
  await readyFor(call, parts, cannot);
  return followed(parts.actions.remove(name), call, parts);
}

/**
 * The service of the path, and how a sentence about it begins.
 *
 * @throws {MyPaasError} when it is not there
 */
function known(call: Call, store: ApiParts["store"], begin: (service: string) => string) {
  const name = required(call.params["name"], "name");
  const cannot = begin(name);
  if (store.releases(name, 1).length === 0) throw noSuchService(cannot, call.actor, store);
  return { name, cannot };
}
