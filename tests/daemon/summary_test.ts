import { assertEquals } from "@std/assert";
import { publicUrls, summarize } from "../../src/daemon/summary.ts";
import type { ReplicaState } from "../../src/deploy/runtime.ts";
import type { Release } from "../../src/deploy/store.ts";
import type { ServiceSummary } from "../../src/wire/requests.ts";
import { SPEC } from "../deploy/bench_server.ts";
import { RUNNING } from "../fakes/replica_state.ts";

const PORTS = { http: 80, https: 443 };
const SINCE = "2026-11-22T10:00:00.000Z";

function release(number: number, status: Release["status"], change: Partial<Release> = {}): Release {
  return {
    service: "blog",
    number,
    status,
    spec: SPEC,
    env: [],
    origin: { kind: "deploy" },
    image: undefined,
    imageId: undefined,
    contentDigest: "",
    places: [],
    step: undefined,
    heldAddress: undefined,
    by: "test",
    createdAt: SINCE,
    endedAt: status === "pending" ? undefined : SINCE,
    error: undefined,
    ...change,
  };
}

function replica(number: number, change: Partial<ReplicaState> = {}): ReplicaState {
  return { ...RUNNING, id: { service: "blog", release: number, n: 1 }, restarts: true, startedAt: SINCE, ...change };
}

/** @param releases the newest first */
function summary(releases: readonly Release[], found: readonly ReplicaState[]) {
  const live = releases.find(({ status }) => status === "live");
  return summarize("blog", {
    live,
    stopped: false,
    releases,
    found,
    certificates: [],
    urlsOf: (spec) => publicUrls(spec, PORTS),
  });
}

Deno.test("summarize() shows what is live, and only its replicas", () => {
  const found = [replica(1), replica(2, { health: "healthy", restartCount: 3 })];
  assertEquals(summary([release(2, "live"), release(1, "retired")], found), {
    service: "blog",
    release: 2,
    status: "live",
    domains: ["blog.example"],
    urls: ["http://blog.example/"],
    scale: 0,
    replicas: [{ name: "blog.2.1", status: "running", health: "healthy", restarts: 3 }],
    certificates: [],
    since: SINCE,
    lastFailure: undefined,
  });
});

const states: readonly (readonly [ServiceSummary["status"], readonly Release[], readonly ReplicaState[]])[] = [
  ["live", [release(1, "live")], [replica(1)]],
  ["live", [release(1, "live")], [replica(1, { status: "exited" }), replica(1)]],
  ["live", [release(1, "live")], [replica(1, { health: "starting" })]],
  ["down", [release(1, "live")], []],
  ["down", [release(1, "live")], [replica(1, { status: "restarting" })]],
  ["down", [release(1, "live")], [replica(1, { health: "unhealthy" })]],
  ["down", [release(2, "live"), release(1, "retired")], [replica(1)]],
  ["deploying", [release(2, "pending"), release(1, "live")], [replica(1)]],
  ["deploying", [release(1, "pending")], []],
  ["failed", [release(1, "failed", { error: "no" })], []],
];
for (const [status, releases, found] of states) {
  const given = releases.map((release) => release.status).join(", ");
  const run = found.map((state) => `${state.status} ${state.health}`).join(", ") || "nothing";
  Deno.test(`summarize() says ${status} when the releases are ${given} and there is ${run}`, () => {
    assertEquals(summary(releases, found).status, status);
  });
}

Deno.test("summarize() tells of the last deploy that failed after the live one, and of none before it", () => {
  const failed = (number: number) => release(number, "failed", { error: `failure ${number}` });
  const lastFailure = (...releases: Release[]) => summary(releases, []).lastFailure;
  assertEquals(lastFailure(failed(4), failed(3), release(2, "live")), {
    release: 4,
    status: "failed",
    error: "failure 4",
  });
  assertEquals(lastFailure(release(3, "live"), failed(2), release(1, "retired")), undefined);
  assertEquals(lastFailure(release(5, "pending"), failed(4), release(2, "live"))?.release, 4);
  assertEquals(lastFailure(failed(1))?.release, 1);
});

Deno.test("summarize() tells which release was taken back by itself, as long as what took its place is live", () => {
  const because = "blog.2.1 ended twice";
  const back = release(3, "live", { origin: { kind: "rollback", of: 1, because } });
  const bad = release(2, "retired", { error: because });
  const first = release(1, "retired", { error: "an older story" });
  assertEquals(summary([back, bad, first], []).lastFailure, { release: 2, status: "retired", error: because });
  assertEquals(summary([release(4, "live"), back, bad, first], []).lastFailure, undefined);
});

Deno.test("publicUrls() leaves out the usual ports, and has none without a domain", () => {
  const site = (domain: string, https: boolean) => ({ domain, path: "/", https });
  const http = { ...SPEC, sites: [site("a.example", false), site("b.example", false)] };
  assertEquals(publicUrls(http, PORTS), ["http://a.example/", "http://b.example/"]);
  assertEquals(publicUrls(http, { http: 8080, https: 443 })[0], "http://a.example:8080/");
  const https = { ...SPEC, sites: [site("a.example", true)] };
  assertEquals(publicUrls(https, PORTS), ["https://a.example/"]);
  assertEquals(publicUrls(https, { http: 80, https: 8443 }), ["https://a.example:8443/"]);
  assertEquals(publicUrls({ ...SPEC, sites: [] }, PORTS), []);
});
