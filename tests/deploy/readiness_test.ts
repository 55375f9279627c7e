import { assertEquals, assertRejects } from "@std/assert";
import { awaitReady } from "../../src/deploy/readiness.ts";
import type { ReplicaState } from "../../src/deploy/runtime.ts";
import { NotReadyError } from "../../src/error.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { SPEC } from "./bench_server.ts";
import { RUNNING } from "../fakes/replica_state.ts";

const ID = { service: "blog", release: 1, n: 1 };
const HEALTHCHECK = { path: "/health", intervalMs: 100, timeoutMs: 300 };

const STARTED: ReplicaState = { ...RUNNING, internalAddress: "10.2.0.16", startedAt: new Date(0).toISOString() };

/** Waits for a replica with these answers, one per probe, the last one again and again; gives what was asked and when. */
async function ready(
  spec: Partial<ServiceSpec>,
  { answers, states = [STARTED], oomKills = 7, now = () => new Date(), warn = () => {} }: {
    readonly oomKills?: number;
    readonly answers: readonly (number | undefined)[];
    readonly states?: readonly ReplicaState[];
    readonly now?: () => Date;
    readonly warn?: (text: string) => void;
  },
): Promise<readonly { readonly target: unknown; readonly timeoutMs: number; readonly at: number }[]> {
  const asked: { target: unknown; timeoutMs: number; at: number }[] = [];
  let looks = 0;
  await awaitReady({
    runtime: {
      inspect: () => Promise.resolve(states[Math.min(looks++, states.length - 1)]),
      async *logs() {},
    },
    probes: {
      httpStatus: (target, timeoutMs) => {
        asked.push({ target, timeoutMs, at: performance.now() });
        return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1]);
      },
      oomKills: () => Promise.resolve(oomKills),
      listeners: () => Promise.resolve([{ address: "0.0.0.0", port: 80 }]),
    },
    now,
  }, {
    id: ID,
    warn,
    spec: { ...SPEC, ...spec },
    ingressAddress: spec.sites?.length === 0 ? undefined : "10.1.0.16",
    oomKillsBefore: 7,
  });
  return asked;
}

Deno.test("awaitReady() takes any answer from a domain's port where there is no health check", async () => {
  const asked = await ready({}, { answers: [undefined, 500] });
  assertEquals(asked.map(({ target }) => target)[0], {
    address: "10.1.0.16",
    port: 80,
    host: "blog.example",
    path: "/",
  });
  assertEquals(asked.length, 2);
});

for (const status of [200, 204, 302, 399]) {
  Deno.test(`awaitReady() takes ${status} for the health path, and waits while it answers something else`, async () => {
    const asked = await ready({ healthcheck: HEALTHCHECK }, { answers: [undefined, 404, 503, status] });
    assertEquals(asked.length, 4);
    assertEquals(asked[0]?.target, { address: "10.1.0.16", port: 80, host: "blog.example", path: "/health" });
    assertEquals(asked[0]?.timeoutMs, 300);
  });
}

Deno.test("awaitReady() leaves the interval between two probes, but not more than a second", async () => {
  const pauses = async (intervalMs: number) => {
    const spec = { healthcheck: { ...HEALTHCHECK, intervalMs }, startTimeoutSeconds: 5 };
    const asked = await ready(spec, { answers: [500, 200] });
    return (asked[1]?.at ?? 0) - (asked[0]?.at ?? 0);
  };
  const [short, long] = await Promise.all([pauses(300), pauses(30_000)]);
  assertEquals([short >= 299, short < 900, long >= 999, long < 2000], [true, true, true, true], `${short} ${long}`);
});

Deno.test("awaitReady() asks a service without a domain at its internal address, under its name", async () => {
  const asked = await ready({ sites: [], healthcheck: HEALTHCHECK }, { answers: [200] });
  assertEquals(asked[0]?.target, { address: "10.2.0.16", port: 80, host: "blog", path: "/health" });
});

Deno.test("awaitReady() wants the image's health check and the health path, both", async () => {
  const states = (["starting", "unhealthy", "healthy"] as const).map((health) => ({ ...STARTED, health }));
  assertEquals((await ready({ healthcheck: HEALTHCHECK }, { answers: [500, 200], states })).length, 2);
  assertEquals((await ready({}, { answers: [], states })).length, 0);
});

Deno.test("awaitReady() says what the health path answered when the time is over", async () => {
  await assertRejects(
    () => ready({ healthcheck: HEALTHCHECK }, { answers: [500] }),
    NotReadyError,
    "Cannot bring up blog.1.1: its health check /health did not answer 2xx or 3xx within 1 s, but 500",
  );
});

Deno.test("awaitReady() takes the kernel's word for a lack of memory where Docker does not say so", async () => {
  const reason = async (oomKills: number, exitCode = 137) => {
    const states = [{ ...STARTED, status: "exited", exitCode } as const];
    const spec = { maxMemoryBytes: 2 ** 26 };
    const error = await assertRejects(() => ready(spec, { answers: [], states, oomKills }), NotReadyError);
    return error.message.replace(/^.*: it /, "").replace(/ after [^ ]+ s/, "");
  };
  assertEquals(await reason(8), "was killed because it ran out of memory; mypaas.maxmem is 64m");
  assertEquals(await reason(7), "exited with code 137 (SIGKILL)");
  assertEquals(await reason(8, 1), "exited with code 1");
});

Deno.test("awaitReady() sees an exit although a probe still waits for its answer", async () => {
  const began = performance.now();
  let looks = 0;
  await assertRejects(
    () =>
      awaitReady({
        runtime: {
          inspect: () =>
            Promise.resolve(++looks < 3 ? STARTED : { ...STARTED, status: "exited" as const, exitCode: 3 }),
          async *logs() {},
        },
        probes: {
          httpStatus: (_target, _timeoutMs, signal) =>
            new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true })),
          oomKills: () => Promise.resolve(0),
          listeners: () => Promise.resolve([]),
        },
        now: () => new Date(0),
      }, { id: ID, spec: { ...SPEC, startTimeoutSeconds: 5 }, ingressAddress: "10.1.0.16", oomKillsBefore: 0 }),
    NotReadyError,
    "it exited with code 3",
  );
  assertEquals(performance.now() - began < 1000, true);
});

Deno.test("awaitReady() warns once after 5 s of what seems wrong, and takes a replica that mends itself", async () => {
  const warnings: string[] = [];
  let seconds = 0;
  const now = () => new Date(1000 * seconds++);
  const spec = { healthcheck: { ...HEALTHCHECK, intervalMs: 0 } };
  await ready(spec, { answers: [500, 500, 500, 500, 500, 500, 500, 200], now, warn: (text) => warnings.push(text) });
  assertEquals(warnings, ["blog.1.1 answers 500 for /health; it is waited for until 1 s have passed"]);
  seconds = 0;
  await ready(spec, { answers: [500, 200], now, warn: (text) => warnings.push(text) });
  assertEquals(warnings.length, 1);
});
