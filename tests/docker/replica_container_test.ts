import { assertEquals } from "@std/assert";
import { fixedEndpoint, healthcheckWhileStarting, replicaContainer } from "../../src/docker/replica_container.ts";
import { objectNames } from "../../src/service/names.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { serviceSpec } from "../engine/bench.ts";

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

Deno.test("fixedEndpoint() carries a name and a MAC address only where they are given", () => {
  assertEquals(fixedEndpoint("10.0.0.16", "web", "02:42:0a:00:00:10"), {
    IPAMConfig: { IPv4Address: "10.0.0.16" },
    Aliases: ["web"],
    MacAddress: "02:42:0a:00:00:10",
  });
  assertEquals(fixedEndpoint("10.0.0.16", undefined), { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: [] });
});

const NAMES = objectNames("");

function container(spec: Partial<ServiceSpec>, ownAddress?: string): ReturnType<typeof replicaContainer> {
  return replicaContainer({
    id: { service: "web", release: 7, n: 1 },
    image: "web:7",
    spec: serviceSpec("web", spec),
    env: spec.env ?? [],
    ingressAddress: undefined,
    internalAddress: "10.0.0.16",
    named: true,
    labels: {},
  }, {
    instance: "this",
    networks: NAMES.networks,
    mounts: [],
    ownAddress,
    healthcheck: undefined,
    apiMinor: 41,
  });
}

Deno.test("replicaContainer() limits memory with swap, and CPU time, only where the spec does", () => {
  const { Memory, MemorySwap, NanoCpus } = container({ maxMemoryBytes: 2 ** 29, maxCpus: 1.5 }).HostConfig;
  assertEquals([Memory, MemorySwap, NanoCpus], [2 ** 29, 2 ** 29, 1_500_000_000]);
  const free = container({}).HostConfig;
  assertEquals([free["Memory"], free["MemorySwap"], free["NanoCpus"]], [undefined, undefined, undefined]);
});

Deno.test("replicaContainer() publishes ports, two of the server for one of the container too", () => {
  const body = container({
    publish: [
      { hostPort: 5432, port: 5432, protocol: "tcp" },
      { hostPort: 5433, port: 5432, protocol: "tcp" },
      { hostPort: 53, port: 5353, protocol: "udp" },
    ],
  });
  assertEquals(body.HostConfig["PortBindings"], {
    "5432/tcp": [{ HostPort: "5432" }, { HostPort: "5433" }],
    "5353/udp": [{ HostPort: "53" }],
  });
  assertEquals(body.ExposedPorts, { "5432/tcp": {}, "5353/udp": {} });
});

Deno.test("replicaContainer() tells a container what it is, unless the service says otherwise", () => {
  assertEquals(container({ scale: 2, env: [{ name: "MYPAAS_PORT", value: "1" }, { name: "A", value: "b" }] }).Env, [
    "MYPAAS_SERVICE=web",
    "MYPAAS_CONTAINER=web.7.1",
    "MYPAAS_SCALE=2",
    "MYPAAS_PORT=1",
    "A=b",
  ]);
});

Deno.test("replicaContainer() gives a replica with a network of its own no name on the internal one", () => {
  const body = container({ peers: [] }, "10.9.0.16");
  assertEquals(body.Labels["mypaas.own-address"], "10.9.0.16");
  assertEquals(body.NetworkingConfig?.EndpointsConfig, {
    [NAMES.networks.internal]: { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: [] },
  });
});

Deno.test("replicaContainer() cannot be told other labels of ours by what it is given", () => {
  const body = replicaContainer({
    id: { service: "web", release: 7, n: 2 },
    image: "web:7",
    spec: serviceSpec("web"),
    env: [],
    ingressAddress: "10.1.0.16",
    internalAddress: "10.0.0.16",
    named: true,
    labels: { "mypaas.instance": "another", "traefik.enable": "true" },
  }, {
    instance: "this",
    networks: NAMES.networks,
    mounts: [],
    ownAddress: undefined,
    healthcheck: undefined,
    apiMinor: 41,
  });
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
    [NAMES.networks.internal]: { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: ["web"] },
  });
  assertEquals(body.Healthcheck, undefined);
});
