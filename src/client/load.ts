import type { ReplicaCounters, RequestCounters, ServiceCounters, StatsSample } from "../wire/stats.ts";

/** What one service uses and serves: a line of `mypaas stats --json`. Undefined is what is not known, or not yet. */
export interface ServiceLoad {
  readonly service: string;
  /** ISO 8601: the later of the two samples that the rates are taken from. */
  readonly time: string;
  readonly scale: number;
  /** Those that run. */
  readonly replicas: number;
  /** CPU time per time, of all replicas: 1 is one CPU. */
  readonly cpus: number | undefined;
  /** Of all replicas, as the limit. */
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly requestsPerSecond: number | undefined;
  /** Of the requests between the samples, how many of a hundred were answered with 5xx. */
  readonly errorPercent: number | undefined;
  /** Since Traefik started, which was at `countedSince`. */
  readonly requests: RequestCounters | undefined;
  readonly countedSince: string | undefined;
}

/**
 * The load of each service, from two samples of the server's counters. No rate is ever negative: a replica that is new or
 * was started again counts from its start, and so does a Traefik.
 *
 * @param before undefined for the first sample: there are no rates yet
 */
export function serviceLoads(before: StatsSample | undefined, after: StatsSample): readonly ServiceLoad[] {
  return after.services.map((now): ServiceLoad => {
    const was = before?.services.find(({ service }) => service === now.service);
    const uses = now.replicas.flatMap(({ use }) => use ?? []);
    const limit = now.memoryLimitBytes;
    return {
      service: now.service,
      time: after.time,
      scale: now.scale,
      replicas: now.replicas.length,
      cpus: before && cpus(before.time, was?.replicas ?? [], now.replicas),
      memoryBytes: uses.length < now.replicas.length ? undefined : sum(uses.map(({ memoryBytes }) => memoryBytes)),
      memoryLimitBytes: limit && limit * Math.max(1, now.replicas.length),
      ...requestRates({ before, after, was, now }),
      requests: now.requests,
      countedSince: after.countedSince,
    };
  });
}

function cpus(
  since: string,
  before: readonly ReplicaCounters[],
  after: readonly ReplicaCounters[],
): number | undefined {
  const rates = after.map(({ name, use }) => {
    if (use === undefined) return undefined;
    const was = before.find((replica) => replica.name === name)?.use;
    const used = use.cpuSeconds - (was?.cpuSeconds ?? 0);
    return rate(used < 0 ? use.cpuSeconds : used, { from: was?.time ?? since, to: use.time });
  });
  return rates.every((known) => known !== undefined) ? sum(rates) : undefined;
}

function requestRates({ before, after, was, now }: {
  readonly before: StatsSample | undefined;
  readonly after: StatsSample;
  readonly was: ServiceCounters | undefined;
  readonly now: ServiceCounters;
}): Pick<ServiceLoad, "requestsPerSecond" | "errorPercent"> {
  const unknown = { requestsPerSecond: undefined, errorPercent: undefined };
  if (now.requests === undefined || before?.countedSince === undefined) return unknown;
  const same = before.countedSince === after.countedSince ? was?.requests : undefined;
  const total = now.requests.total - (same?.total ?? 0);
  const errors = now.requests["5xx"] - (same?.["5xx"] ?? 0);
  // Traefik forgets a route that is gone: what is left of the service's counts is no difference to what was.
  if (total < 0 || errors < 0) return unknown;
  return {
    requestsPerSecond: rate(total, { from: before.time, to: after.time }),
    errorPercent: total === 0 ? undefined : 100 * errors / total,
  };
}

function rate(amount: number, { from, to }: { readonly from: string; readonly to: string }): number | undefined {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return seconds > 0 ? amount / seconds : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
