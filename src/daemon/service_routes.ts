import { inScope } from "../auth/roles.ts";
import { MyPaasError } from "../error.ts";
import { replicaName } from "../service/names.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { httpsDomains } from "./certificates.ts";
import { mergeLogs } from "./merge_logs.ts";
import { inPath, noSuchService, required, row, wholeNumber } from "./route_row.ts";
import { summarize } from "./summary.ts";

/** Releases that `ps` looks at per service. */
const RECENT_RELEASES = 20;

/** Requests that look at services. */
export const SERVICE_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/services", "ps"), run: ps },
  {
    ...row("POST", "/v1/certificates", "ps"),
    // Also the server's own, which is nobody's but root's business.
    doors: ["local"],
    run: async (_call, { certificates }) => ({ json: await certificates.lookAtAll() }),
  },
  { ...row("GET", "/v1/services/:name/logs", "logs"), service: inPath, run: logs },
];

async function ps({ actor }: Call, { store, runtime, certificates, urlsOf }: ApiParts): Promise<Result> {
  const found = await runtime.glance();
  const services = store.services().filter((service) => inScope(actor, service)).map(async (service) => {
    const live = store.live(service);
    return summarize(service, {
      live,
      stopped: store.serviceState(service) === "stopped",
      releases: store.releases(service, RECENT_RELEASES),
      found: found.filter(({ id }) => id.service === service),
      certificates: live === undefined ? [] : await certificates.summaries(httpsDomains(live.spec)),
      urlsOf,
    });
  });
  return { json: await Promise.all(services) };
}

async function logs(call: Call, { store, runtime }: ApiParts): Promise<Result> {
  const name = required(call.params["name"], "name");
  const release = store.live(name) ?? store.releases(name, 1)[0];
  if (release === undefined) throw noSuchService(`Cannot show the log of "${name}"`, call.actor, store);
  const query = {
    follow: call.query.get("follow") === "1",
    tail: wholeNumber(call, "tail"),
    since: wholeNumber(call, "since"),
  };
  const found = await runtime.list(name);
  const replicas = found.map(({ id }) => id).filter((id) => id.release === release.number);
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
