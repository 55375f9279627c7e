import { actorName } from "../auth/actor.ts";
import { checkRevoke, inScope } from "../auth/roles.ts";
import { replicaName } from "../service/names.ts";
import { MyPaasError, UsageError } from "../error.ts";
import type { Deploy } from "./deploys.ts";
import { parseDeployRequest, parseInviteRequest } from "../wire/request_schemas.ts";
import type { HelloAnswer } from "../wire/requests.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { mergeLogs } from "./merge_logs.ts";
import { summarize } from "./summary.ts";

const BOTH = ["local", "gate"] as const;
const LOCAL = ["local"] as const;
/** Releases that `ps` looks at per service. */
const RECENT_RELEASES = 20;

/** Every request that the daemon answers, but for `hello`, `login` and `verify`. */
export const API_ROUTES: readonly ApiRoute[] = [
  { ...row("POST", "/v1/missing", "missing"), doors: LOCAL, service: inQuery, streamedBody: true, run: upload },
  { ...row("PUT", "/v1/blobs", "blobs"), doors: LOCAL, service: inQuery, streamedBody: true, run: upload },
  { ...row("POST", "/v1/deploy", "deploy"), service: inQuery, audited: true, run: deploy },
  { ...row("GET", "/v1/deploys/:id/events", "events"), service: ofDeploy, run: attach },
  { ...row("GET", "/v1/services", "ps"), run: ps },
  { ...row("GET", "/v1/services/:name/logs", "logs"), service: inPath, run: logs },
  { ...row("GET", "/v1/keys", "keys-list"), run: listKeys },
  { ...row("DELETE", "/v1/keys/:id", "keys-revoke"), audited: true, run: revokeKey },
  { ...row("POST", "/v1/invites", "invite"), audited: true, run: invite },
];

/** `GET /v1/hello`: who this server is. Open to all. */
export function hello({ serverId, version, now }: ApiParts): HelloAnswer {
  return { serverId, version, time: now().toISOString() };
}

function row<M extends ApiRoute["method"], C extends ApiRoute["command"]>(method: M, pathname: string, command: C) {
  return { method, path: new URLPattern({ pathname }), command, doors: BOTH, audited: false };
}

function inQuery({ query }: Pick<Call, "query">): string | undefined {
  return query.get("service") ?? undefined;
}

function inPath({ params }: Pick<Call, "params">): string | undefined {
  return params["name"];
}

function ofDeploy({ params }: Pick<Call, "params">): string | undefined {
  return params["id"]?.split(".")[0];
}

async function upload(call: Call, { uploads }: ApiParts): Promise<Result> {
  return { response: await uploads(call.request, required(inQuery(call), "service")) };
}

async function deploy(call: Call, parts: ApiParts): Promise<Result> {
  const request = parseDeployRequest(call.body);
  if (request.service !== inQuery(call)) {
    throw new UsageError(`Cannot deploy "${request.service}": the request is for the service "${inQuery(call)}"`);
  }
  await parts.converged;
  // After a long wait nobody may be there any more, who has been told that it was not accepted.
  if (call.request.signal.aborted) throw new MyPaasError(`Cannot deploy "${request.service}": who asked has gone away`);
  const source = parts.sources[call.door];
  const accepted = await parts.deploys.submit(request, { source, by: actorName(call.actor) });
  return { lines: andThen(accepted.log.follow(0, call.request.signal), parts.onIdle) };
}

/** What `lines` gives; `done` is called when it has ended, in whatever way. */
async function* andThen<T>(lines: AsyncIterable<T>, done: () => void): AsyncGenerator<T> {
  try {
    yield* lines;
  } finally {
    done();
  }
}

function attach(call: Call, parts: ApiParts): Result {
  const id = required(call.params["id"], "id");
  const found: Deploy | undefined = parts.deploys.find(id);
  if (found === undefined) throw unknownDeploy(id, parts);
  return { lines: found.log.follow(wholeNumber(call, "after") ?? 0, call.request.signal) };
}

/** The log of a deploy is kept in memory only; its result is in the state. */
function unknownDeploy(id: string, { store }: ApiParts): MyPaasError {
  const [, service, number] = /^([a-z0-9-]+)\.(\d+)$/.exec(id) ?? [];
  const release = service === undefined ? undefined : store.release(service, Number(number));
  if (release === undefined) {
    return new MyPaasError(`Cannot attach to "${id}": there is no such deploy`, {
      hint: "It takes <service>.<release>, such as blog.7.",
    });
  }
  const result = release.error === undefined ? release.status : `${release.status}: ${release.error}`;
  return new MyPaasError(`Cannot attach to "${id}": its log is gone; it is ${result}`, {
    hint: release.status === "live" ? "See it with mypaas ps." : "Push again.",
  });
}

async function ps({ actor }: Call, { store, runtime, urlsOf }: ApiParts): Promise<Result> {
  const found = await runtime.list();
  const services = store.services().filter((service) => inScope(actor, service)).map((service) =>
    summarize(service, {
      live: store.live(service),
      releases: store.releases(service, RECENT_RELEASES),
      found: found.filter(({ id }) => id.service === service),
      urlsOf,
    })
  );
  return { json: services };
}

async function logs(call: Call, { store, runtime }: ApiParts): Promise<Result> {
  const name = required(call.params["name"], "name");
  const release = store.live(name) ?? store.releases(name, 1)[0];
  if (release === undefined) {
    const known = store.services().filter((service) => inScope(call.actor, service));
    throw new MyPaasError(`Cannot show the log of "${name}": there is no such service`, {
      hint: known.length === 0 ? "No service was deployed yet." : `Services are: ${known.join(", ")}.`,
    });
  }
  const query = {
    follow: call.query.get("follow") === "1",
    tail: wholeNumber(call, "tail"),
    since: wholeNumber(call, "since"),
  };
  const found = await runtime.list();
  const replicas = found.map(({ id }) => id).filter((id) => id.service === name && id.release === release.number);
  if (replicas.length === 0) {
    throw new MyPaasError(
      `Cannot show the log of "${name}": release ${release.number} is ${release.status} and has no container`,
    );
  }
  const sources = replicas.map((id) => ({
    name: replicaName(id),
    lines: (signal: AbortSignal) => runtime.logs(id, query, signal),
  }));
  return { lines: mergeLogs(sources, { ordered: !query.follow, signal: call.request.signal }) };
}

function listKeys(_call: Call, { keys }: ApiParts): Result {
  const shown = keys.keys().map(({ id, name, role, scope, createdAt, revokedAt }) => ({
    id,
    name,
    role,
    scope,
    createdAt,
    revokedAt,
  }));
  return { json: shown };
}

function revokeKey({ actor, params }: Call, { keys, now }: ApiParts): Result {
  const id = required(params["id"], "id");
  const known = keys.key(id);
  if (known === undefined) {
    throw new MyPaasError(`Cannot revoke the key "${id}": there is no such key`, {
      hint: "mypaas keys list shows them.",
    });
  }
  checkRevoke(actor, known);
  keys.revoke(id, now().toISOString());
  return { json: { id, name: known.name }, subject: id };
}

function invite({ actor, body }: Call, { logins }: ApiParts): Result {
  const made = logins.invite(actor, parseInviteRequest(body));
  return { json: made, subject: made.id };
}

/** A number of the query; undefined when it is not there. */
function wholeNumber({ query }: Call, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot read the request: "${name}" must be a whole number, not ${JSON.stringify(text)}`);
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === "") throw new UsageError(`Cannot read the request: "${name}" is missing`);
  return value;
}
