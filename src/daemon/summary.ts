import type { ReplicaState } from "../deploy/runtime.ts";
import type { Release } from "../deploy/store.ts";
import { replicaName } from "../service/names.ts";
import { domainsOf, type ServiceSpec } from "../service/spec.ts";
import type { CertificateSummary } from "../wire/certificates.ts";
import type { ServiceSummary } from "../wire/requests.ts";

/** What `ps` says of one service. Pure. */
export function summarize(
  service: string,
  { live, stopped, releases, found, certificates, urlsOf }: {
    readonly live: Release | undefined;
    /** Whether somebody stopped it. */
    readonly stopped: boolean;
    /** The newest, the newest first. */
    readonly releases: readonly Release[];
    /** The service's replicas on the machine. */
    readonly found: readonly ReplicaState[];
    readonly certificates: readonly CertificateSummary[];
    readonly urlsOf: (spec: ServiceSpec) => readonly string[];
  },
): ServiceSummary {
  const pending = releases.some(({ status }) => status === "pending");
  const failure = releases.find((release) => release.number > (live?.number ?? 0) && release.error !== undefined) ??
    takenBack(live, releases);
  const replicas = found.filter(({ id }) => id.release === live?.number);
  const up = replicas.filter((state) => state.status === "running" && state.health !== "unhealthy");
  return {
    service,
    release: live?.number,
    status: pending
      ? "deploying"
      : live === undefined
      ? "failed"
      : stopped
      ? "stopped"
      : up.length === 0
      ? "down"
      : "live",
    domains: live === undefined ? [] : domainsOf(live.spec),
    urls: live === undefined ? [] : urlsOf(live.spec),
    scale: live?.spec.scale ?? 0,
    replicas: replicas.map((state) => ({
      name: replicaName(state.id),
      status: state.status,
      health: state.health,
      restarts: state.restartCount,
    })),
    certificates,
    since: live?.endedAt,
    lastFailure: failure === undefined
      ? undefined
      : { release: failure.number, status: failure.status, error: failure.error ?? "" },
  };
}

/** The release that the daemon took back by itself, and put the live one in its place. */
function takenBack(live: Release | undefined, releases: readonly Release[]): Release | undefined {
  if (live?.origin.kind !== "rollback") return undefined;
  const { because } = live.origin;
  return because === undefined
    ? undefined
    : releases.find(({ number, error, status }) => status === "retired" && number < live.number && error === because);
}

/**
 * The public addresses of a service's sites.
 *
 * @param ports as published by Traefik; the usual ones are left out
 */
export function publicUrls(
  { sites }: Pick<ServiceSpec, "sites">,
  ports: { readonly http: number; readonly https: number },
): readonly string[] {
  return sites.map(({ domain, path, https }) => {
    const [scheme, port, usual] = https ? ["https", ports.https, 443] : ["http", ports.http, 80];
    return `${scheme}://${domain}${port === usual ? "" : `:${port}`}${path}`;
  });
}
