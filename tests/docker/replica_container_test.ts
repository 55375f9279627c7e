import { assertEquals } from "@std/assert";
import { healthcheckWhileStarting, internalEndpoint, replicaContainer } from "../../src/docker/replica_container.ts";
import { objectNames } from "../../src/service/names.ts";

const SECOND = 1_000_000_000;
const TEST = ["CMD-SHELL", "wget -q -O - http://127.0.0.1/"];

function times(
  own: Parameters<typeof healthcheckWhileStarting>[0],
  apiMinor: number,
): ReturnType<typeof healthcheckWhileStarting> {
  return healthcheckWhileStarting(own, { startTimeoutSeconds: 60, apiMinor });
}

Deno.test("healthcheckWhileStarting() probes each second from API 1.44 on, and keeps the image's interval afterwards", () => {
  assertEquals(times({ Test: TEST }, 44), {
    Interval: 10 * SECOND,
    StartPeriod: 60 * SECOND,
    StartInterval: SECOND,
  });
  assertEquals(times({ Test: TEST, Interval: 45 * SECOND }, 51)?.Interval, 45 * SECOND);
});

Deno.test("healthcheckWhileStarting() below API 1.44 probes every 2 s, and is unhealthy after the image's own time", () => {
  assertEquals(times({ Test: TEST }, 41), { Interval: 2 * SECOND, StartPeriod: 60 * SECOND, Retries: 45 });
  assertEquals(times({ Test: TEST, Interval: 5 * SECOND, Retries: 1 }, 43)?.Retries, 3);
});

Deno.test("healthcheckWhileStarting() leaves an image without a health check alone", () => {
  assertEquals(times(undefined, 44), undefined);
  assertEquals(times({ Test: ["NONE"] }, 44), undefined);
  assertEquals(times({ Interval: SECOND }, 41), undefined);
});

Deno.test("internalEndpoint() carries a name and a MAC address only where they are given", () => {
  assertEquals(internalEndpoint("10.0.0.16", "web", "02:42:0a:00:00:10"), {
    IPAMConfig: { IPv4Address: "10.0.0.16" },
    Aliases: ["web"],
    MacAddress: "02:42:0a:00:00:10",
  });
  assertEquals(internalEndpoint("10.0.0.16", undefined), { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: [] });
});

Deno.test("replicaContainer() cannot be told other labels of ours by what it is given", () => {
  const names = objectNames("");
  const body = replicaContainer({
    id: { service: "web", release: 7, n: 2 },
    image: "web:7",
    spec: {
      name: "web",
      domains: [],
      https: false,
      volumes: [],
      port: 80,
      scale: 0,
      env: [],
      startTimeoutSeconds: 60,
      drainTimeoutSeconds: 5,
      stopGraceSeconds: 10,
    },
    env: [],
    ingressAddress: "10.1.0.16",
    internalAddress: "10.0.0.16",
    named: true,
    labels: { "mypaas.instance": "another", "traefik.enable": "true" },
  }, { instance: "this", networks: names.networks, mounts: [], healthcheck: undefined, apiMinor: 41 });
  assertEquals(body.Labels, {
    "traefik.enable": "true",
    "mypaas.instance": "this",
    "mypaas.part": "replica",
    "mypaas.service": "web",
    "mypaas.release": "7",
    "mypaas.replica": "2",
    "mypaas.internal-address": "10.0.0.16",
  });
  assertEquals(body.NetworkingConfig?.EndpointsConfig, {
    [names.networks.internal]: { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: ["web"] },
  });
  assertEquals(body.Healthcheck, undefined);
});
