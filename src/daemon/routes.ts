import { checkRevoke, inScope } from "../auth/roles.ts";
import { replicaName } from "../service/names.ts";
import { MyPaasError, UsageError } from "../error.ts";
import type { Deploy } from "./deploys.ts";
import { parseDeployRequest, parseInviteRequest } from "../wire/request_schemas.ts";
import type { HelloAnswer } from "../wire/requests.ts";
import { actorName, type ApiParts, type ApiRoute, type Call, type Result } from "./api.ts";
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
  return { lines: found.log.follow(Number(call.query.get("after") ?? "0"), call.request.signal) };
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
  return new MyPaasError(`Cannot attach to "${id}": its log is gone; it is ${result}`);
}

async function ps({ actor }: Call, { store, runtime, urlsOf }: ApiParts): Promise<Result> {
  const found = await runtime.list();
  const services = store.services().filter((service) => inScope(actor, service)).map((service) =>
    summarize(service, {
      releases: store.releases(service, RECENT_RELEASES),
      found: found.filter(({ id }) => id.service === service),
      urlsOf,
    })
  );
  return { json: services };
}

function logs(call: Call, { store, runtime }: ApiParts): Result {
  const name = required(call.params["name"], "name");
  const live = store.live(name) ?? store.releases(name, 1)[0];
  if (live === undefined) {
    const known = store.services();
    throw new MyPaasError(`Cannot show the log of "${name}": there is no such service`, {
      hint: known.length === 0 ? "No service was deployed yet." : `Services are: ${known.join(", ")}.`,
    });
  }
  const number = (key: string) => call.query.has(key) ? Number(call.query.get(key)) : undefined;
  const query = { follow: call.query.get("follow") === "1", tail: number("tail"), since: number("since") };
  if ([query.tail, query.since].some((value) => value !== undefined && !(value >= 0))) {
    throw new UsageError("Cannot show the log: tail and since are numbers");
  }
  const replicas = live.places.map(({ n }) => ({ service: name, release: live.number, n }));
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
  return { json: { id, name: known.name } };
}

function invite({ actor, body }: Call, { logins }: ApiParts): Result {
  return { json: logins.invite(actor, parseInviteRequest(body)) };
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === "") throw new UsageError(`Cannot read the request: "${name}" is missing`);
  return value;
}
