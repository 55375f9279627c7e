import { MyPaasError, UsageError } from "../error.ts";
import { parseDeployMessage } from "../wire/manifest_difference.ts";
import { followed, readyFor } from "./followed.ts";
import { wholeRequest } from "./manifests.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { asker, inQuery, required, row, wholeNumber } from "./route_row.ts";

const LOCAL = ["local"] as const;
/** A list of so many files takes megabytes, and one more form of it while it is read. */
const LONG_LIST = 5000;

/** Requests of a push. */
export const DEPLOY_ROUTES: readonly ApiRoute[] = [
  { ...row("POST", "/v1/missing", "missing"), doors: LOCAL, service: inQuery, streamedBody: true, run: upload },
  { ...row("PUT", "/v1/blobs", "blobs"), doors: LOCAL, service: inQuery, streamedBody: true, run: upload },
  { ...row("POST", "/v1/deploy", "deploy"), service: inQuery, audited: true, run: deploy },
  { ...row("GET", "/v1/deploys/:id/events", "events"), service: ofDeploy, run: attach },
];

function ofDeploy({ params }: Pick<Call, "params">): string | undefined {
  return params["id"]?.split(".")[0];
}

async function upload(call: Call, { uploads, sources }: ApiParts): Promise<Result> {
  const service = required(inQuery(call), "service");
  return { response: await uploads(call.request, service, { damaged: sources.local.damaged(service) }) };
}

async function deploy(call: Call, parts: ApiParts): Promise<Result> {
  const message = parseDeployMessage(call.takeBody());
  const { service } = message;
  if (service !== inQuery(call)) {
    throw new UsageError(`Cannot deploy "${service}": the request is for the service "${inQuery(call)}"`);
  }
  await readyFor(call, parts, `Cannot deploy "${service}"`);
  const request = "difference" in message ? await wholeRequest(message, parts.manifests) : message;
  const source = parts.sources[call.door];
  const accepted = await parts.deploys.submit(request, {
    source,
    door: call.door,
    ...asker(call),
    signal: call.request.signal,
  });
  if (!request.dryRun) parts.manifests.save(service, request.manifest);
  // Also when it came as a short difference to one that was kept.
  if (request.manifest.entries.length > LONG_LIST) parts.freeMemory();
  return followed(accepted, call, parts);
}

function attach(call: Call, parts: ApiParts): Result {
  const id = required(call.params["id"], "id");
  const found = parts.deploys.work.find(id);
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
