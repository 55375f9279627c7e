/** Where Traefik tells its counters, on the admin entry point and behind its password. */
export const METRICS_PATH = "/metrics";

/** Requests since Traefik started, by the status that the visitor got. */
export interface RequestCounts {
  /** All, those with another status included, such as 101. */
  readonly total: number;
  readonly "2xx": number;
  readonly "3xx": number;
  readonly "4xx": number;
  readonly "5xx": number;
}

export interface TraefikCounts {
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** By service. One that had no request yet, or has no route, is not in it. */
  readonly services: ReadonlyMap<string, RequestCounts>;
}

export const NO_REQUESTS: RequestCounts = { total: 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };

/** Such as `blog@file`: all services of the route file come from Traefik's file provider. */
const PROVIDER = "@file";

/**
 * Reads Traefik's counters (Prometheus text format 0.0.4). A request that waited in the hold counts once, with the answer it
 * got at last; one that was sent on to https is not counted.
 *
 * @returns undefined when the text is not from a Traefik that counts
 */
export function parseMetrics(text: string): TraefikCounts | undefined {
  const services = new Map<string, RequestCounts>();
  let startedAt: number | undefined;
  for (const line of text.split("\n")) {
    const [, name, labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === "process_start_time_seconds") startedAt = Number(value);
    if (name !== "traefik_router_requests_total") continue;
    const service = label(labels, "service");
    if (service?.endsWith(PROVIDER)) {
      const own = service.slice(0, -PROVIDER.length);
      services.set(own, counted(services.get(own) ?? NO_REQUESTS, label(labels, "code"), Number(value)));
    }
  }
  return startedAt === undefined || !Number.isFinite(startedAt) ? undefined : { startedAt, services };
}

/** The values we look for are names and numbers: none has a quote in it, which the format would escape. */
function label(labels: string, name: string): string | undefined {
  return new RegExp(`(?:^|,)${name}="([^"\\\\]*)"`).exec(labels)?.[1];
}

function counted(counts: RequestCounts, code: string | undefined, value: number): RequestCounts {
  if (!Number.isFinite(value)) return counts;
  const group = `${code?.[0]}xx`;
  const total = counts.total + value;
  return isClass(group) ? { ...counts, total, [group]: counts[group] + value } : { ...counts, total };
}

function isClass(group: string): group is Exclude<keyof RequestCounts, "total"> {
  return group !== "total" && group in NO_REQUESTS;
}
