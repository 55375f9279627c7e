import { assertEquals } from "@std/assert";
import { type ServiceLoad, serviceLoads } from "../../src/client/load.ts";
import type { RequestCounters, ServiceCounters, StatsSample } from "../../src/wire/stats.ts";

const START = "2026-11-22T09:00:00.000Z";

/** A time so many seconds after ten. */
function at(seconds: number): string {
  return new Date(Date.parse("2026-11-22T10:00:00Z") + seconds * 1000).toISOString();
}

function requests(total: number, errors = 0): RequestCounters {
  return { total, "2xx": total - errors, "3xx": 0, "4xx": 0, "5xx": errors };
}

/** Replica `blog.7.<n>`, looked at at a time. */
function replica(n: number, seconds: number, cpuSeconds: number): ServiceCounters["replicas"][number] {
  return { name: `blog.7.${n}`, use: { time: at(seconds), cpuSeconds, memoryBytes: 1000 * n } };
}

function sample(
  seconds: number,
  blog: Partial<ServiceCounters>,
  countedSince: string | undefined = START,
): StatsSample {
  const service = { service: "blog", scale: 0, memoryLimitBytes: undefined, replicas: [], requests: undefined };
  return { time: at(seconds), countedSince, countsError: undefined, services: [{ ...service, ...blog }] };
}

function load(before: StatsSample | undefined, after: StatsSample): Partial<ServiceLoad> {
  return serviceLoads(before, after)[0] ?? {};
}

/** CPUs between two samples of replicas. */
function cpus(before: ServiceCounters["replicas"], after: ServiceCounters["replicas"]): number | undefined {
  return load(sample(0, { replicas: before }), sample(2, { replicas: after })).cpus;
}

/** Requests per second and percent of errors between two samples, 2 s apart. */
function rates(before: RequestCounters | undefined, after: RequestCounters | undefined, restarted = false) {
  const { requestsPerSecond, errorPercent } = load(
    sample(0, { requests: before }, restarted ? at(-99) : START),
    sample(2, { requests: after }),
  );
  return [requestsPerSecond, errorPercent];
}

Deno.test("serviceLoads() adds up replicas, and their limits", () => {
  const { replicas, scale, memoryBytes, memoryLimitBytes, cpus, time } = load(
    sample(0, { replicas: [replica(1, 0.1, 5), replica(2, 0.2, 8)] }),
    sample(2, { scale: 2, memoryLimitBytes: 5000, replicas: [replica(1, 2.1, 6), replica(2, 2.2, 9)] }),
  );
  assertEquals({ replicas, scale, memoryBytes, memoryLimitBytes, cpus, time }, {
    replicas: 2,
    scale: 2,
    memoryBytes: 3000,
    memoryLimitBytes: 10_000,
    cpus: 1,
    time: at(2),
  });
});

Deno.test("serviceLoads() takes CPU time over the time between two looks at that replica", () => {
  assertEquals(cpus([replica(1, 0, 10)], [replica(1, 4, 12)]), 0.5);
  assertEquals(cpus([replica(1, 0, 10)], [replica(1, 0, 10)]), undefined);
});

Deno.test("serviceLoads() counts a replica that is new, or was started again, from its start", () => {
  assertEquals(cpus([replica(1, 0, 1000)], [replica(2, 2, 1)]), 0.5);
  assertEquals(cpus([replica(1, 0, 1000)], [replica(1, 2, 1)]), 0.5);
  assertEquals(cpus([], [replica(1, 2, 3)]), 1.5);
});

Deno.test("serviceLoads() knows no rate in the first sample, and of what the machine does not tell", () => {
  const now = sample(2, { replicas: [replica(1, 2, 9)], requests: requests(5) });
  const first = load(undefined, now);
  assertEquals([first.cpus, first.requestsPerSecond, first.errorPercent], [undefined, undefined, undefined]);
  assertEquals([first.memoryBytes, first.requests?.total, first.countedSince], [1000, 5, START]);
  const silent = { name: "blog.7.2", use: undefined };
  const partly = load(now, sample(4, { replicas: [replica(1, 4, 9), silent] }));
  assertEquals([partly.replicas, partly.cpus, partly.memoryBytes], [2, undefined, undefined]);
  assertEquals(load(sample(0, {}), sample(2, {})).cpus, 0);
});

Deno.test("serviceLoads() takes requests and errors from the difference of two counts", () => {
  assertEquals(rates(requests(100, 4), requests(140, 6)), [20, 5]);
  assertEquals(rates(requests(100, 4), requests(100, 4)), [0, undefined]);
});

Deno.test("serviceLoads() counts all requests of a Traefik that was started meanwhile, and of a new service", () => {
  assertEquals(rates(requests(1000, 10), requests(30, 3), true), [15, 10]);
  assertEquals(rates(undefined, requests(30, 3)), [15, 10]);
});

Deno.test("serviceLoads() gives no rate where a count went down, or is not known", () => {
  assertEquals(rates(requests(100, 4), requests(90, 6)), [undefined, undefined]);
  assertEquals(rates(requests(100, 4), requests(120, 2)), [undefined, undefined]);
  assertEquals(rates(requests(100), undefined), [undefined, undefined]);
  const untold = { ...sample(0, {}), countedSince: undefined, countsError: "Cannot count requests" };
  assertEquals(load(untold, sample(2, { requests: requests(9) })).requestsPerSecond, undefined);
});
