import * as v from "valibot";
import { count, isoTime, orUndefined } from "./fields.ts";
import { validate } from "./validate.ts";

/**
 * `GET /v1/stats?service=...`: what the services have used and counted up to now. Rates are the difference of two samples;
 * without `service` it is about all in the scope of the key.
 */
export interface StatsSample {
  /** ISO 8601, by the server's clock as all times here: when requests were counted. */
  readonly time: string;
  /** ISO 8601: since when requests are counted; undefined when Traefik does not tell. */
  readonly countedSince: string | undefined;
  /** Why requests are not known. */
  readonly countsError: string | undefined;
  readonly services: readonly ServiceCounters[];
}

export interface ServiceCounters {
  readonly service: string;
  /** As in the Dockerfile: 0 is one replica, too. */
  readonly scale: number;
  /** Most memory of one replica; undefined: no limit. */
  readonly memoryLimitBytes: number | undefined;
  /** Those that run; during a deploy of both releases. */
  readonly replicas: readonly ReplicaCounters[];
  /** Undefined for a service that has no site, and when Traefik does not tell. */
  readonly requests: RequestCounters | undefined;
}

export interface ReplicaCounters {
  readonly name: string;
  /** Undefined when the machine does not tell. */
  readonly use: {
    /** ISO 8601: when it was looked at. */
    readonly time: string;
    /** CPU time since the replica started. */
    readonly cpuSeconds: number;
    /** In use as `docker stats` counts it. */
    readonly memoryBytes: number;
  } | undefined;
}

/** Requests by the status that the visitor got. */
export interface RequestCounters {
  readonly total: number;
  readonly "2xx": number;
  readonly "3xx": number;
  readonly "4xx": number;
  readonly "5xx": number;
}

const amount = v.pipe(v.number(), v.finite("must be a number"), v.minValue(0, "must not be negative"));

const replica: v.GenericSchema<unknown, ReplicaCounters> = v.object({
  name: v.string(),
  use: orUndefined(v.object({ time: isoTime, cpuSeconds: amount, memoryBytes: amount })),
});

const requests: v.GenericSchema<unknown, RequestCounters> = v.object({
  total: count,
  "2xx": count,
  "3xx": count,
  "4xx": count,
  "5xx": count,
});

const sample: v.GenericSchema<unknown, StatsSample> = v.object({
  time: isoTime,
  countedSince: orUndefined(isoTime),
  countsError: orUndefined(v.string()),
  services: v.array(v.object({
    service: v.string(),
    scale: count,
    memoryLimitBytes: orUndefined(amount),
    replicas: v.array(replica),
    requests: orUndefined(requests),
  })),
});

/** @throws {MyPaasError} naming the field that is wrong */
export function parseStats(json: unknown): StatsSample {
  return validate(sample, json, { what: "the answer of the server", kind: "failed" });
}
