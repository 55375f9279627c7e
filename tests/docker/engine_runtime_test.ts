import { assertEquals, assertRejects } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineRuntime } from "../../src/docker/engine_runtime.ts";
import { watchReplicas } from "../../src/docker/replica_events.ts";
import { MyPaasError } from "../../src/error.ts";
import { objectNames } from "../../src/service/names.ts";
import { within } from "../../src/wait.ts";
import { FakeEngine } from "../fakes/fake_engine.ts";

const INSTANCE = "0123456789abcdef0123456789abcdef";
const LABELS = {
  "mypaas.instance": INSTANCE,
  "mypaas.part": "replica",
  "mypaas.service": "web",
  "mypaas.release": "7",
  "mypaas.replica": "1",
};
const ID = { service: "web", release: 7, n: 1 };

/** A running replica as Engine 29 describes it: no top-level IPAddress, aliases without the container's id. */
const CONTAINER_29 = {
  Id: "c0ffee",
  Name: "/web.7.1",
  State: { Status: "running", Running: true, Pid: 42, ExitCode: 0, StartedAt: "2026-11-22T10:00:00Z" },
  HostConfig: { RestartPolicy: { Name: "always" } },
  Config: { Labels: LABELS },
  NetworkSettings: {
    Networks: {
      mypaas: {
        IPAMConfig: { IPv4Address: "10.0.0.16" },
        IPAddress: "10.0.0.16",
        MacAddress: "0e:11:22:33:44:55",
        Aliases: null,
        DNSNames: ["web.7.1", "c0ffee"],
      },
    },
  },
};

function runtimeAt(client: DockerClient): EngineRuntime {
  return new EngineRuntime({ client, names: objectNames(""), instance: INSTANCE, volumeSource: () => "" });
}

Deno.test("EngineRuntime.stop() asks again when Docker cannot change the policy of a container that ends at that moment", async () => {
  const said = "Cannot update container c0ffee: cannot update a stopped container";
  const refusals = [Response.json({ message: said }, { status: 500 })];
  await using engine = new FakeEngine({
    answer: ({ method, path }) => {
      if (method === "GET") return Response.json({ ...CONTAINER_29, State: { ...CONTAINER_29.State, Running: false } });
      return path.endsWith("/update") ? refusals.pop() ?? Response.json({}) : new Response(null, { status: 304 });
    },
  });
  using client = new DockerClient(engine.socket);
  await runtimeAt(client).stop(ID, 10);
  assertEquals(engine.calls.filter(({ method }) => method === "POST").map(({ path }) => path), [
    "/containers/c0ffee/update",
    "/containers/c0ffee/update",
    "/containers/c0ffee/stop?t=10",
  ]);
});

for (const [api, mac] of [["1.51", { MacAddress: "0e:11:22:33:44:55" }], ["1.43", {}]] as const) {
  Deno.test(`EngineRuntime.setNamed() ${api === "1.51" ? "names" : "does not name"} the MAC address at API ${api}`, async () => {
    await using engine = new FakeEngine({
      api,
      answer: ({ method }) => method === "GET" ? Response.json(CONTAINER_29) : new Response(),
    });
    using client = new DockerClient(engine.socket);
    await runtimeAt(client).setNamed(ID, true);
    assertEquals(engine.calls.map(({ method, path, body }) => [method, path, body]), [
      ["GET", "/containers/web.7.1/json", undefined],
      ["POST", "/networks/mypaas/disconnect", { Container: "c0ffee", Force: true }],
      ["POST", "/networks/mypaas/connect", {
        Container: "c0ffee",
        EndpointConfig: { IPAMConfig: { IPv4Address: "10.0.0.16" }, Aliases: ["web"], ...mac },
      }],
    ]);
  });
}

/** A replica of an isolated service, not named yet, that reaches `db`; its name has a network of its own. */
const ISOLATED = {
  ...CONTAINER_29,
  Config: { Labels: { ...LABELS, "mypaas.own-address": "10.9.0.16" } },
  NetworkSettings: {
    Networks: {
      mypaas: { ...CONTAINER_29.NetworkSettings.Networks.mypaas, Aliases: ["web"] },
      "mypaas-svc-web": { IPAMConfig: { IPv4Address: "10.9.0.16" }, IPAddress: "10.9.0.16", Aliases: null },
      "mypaas-svc-db": { IPAddress: "10.8.0.130" },
    },
  },
};

Deno.test("EngineRuntime names a replica of an isolated service on the network of that service", async () => {
  await using engine = new FakeEngine({
    answer: ({ method }) => method === "GET" ? Response.json(ISOLATED) : new Response(),
  });
  using client = new DockerClient(engine.socket);
  const state = await runtimeAt(client).inspect(ID);
  assertEquals([state?.named, state?.reaches, state?.internalAddress], [false, ["db"], "10.0.0.16"]);
  await runtimeAt(client).setNamed(ID, true);
  assertEquals(engine.calls.slice(2).map(({ path, body }) => [path, body]), [
    ["/networks/mypaas-svc-web/disconnect", { Container: "c0ffee", Force: true }],
    ["/networks/mypaas-svc-web/connect", {
      Container: "c0ffee",
      EndpointConfig: { IPAMConfig: { IPv4Address: "10.9.0.16" }, Aliases: ["web"] },
    }],
  ]);
});

Deno.test("EngineRuntime.setPeers() says what to do when Docker has no subnet left", async () => {
  const message = "could not find an available, non-overlapping IPv4 address pool among the defaults";
  await using engine = new FakeEngine({
    answer: ({ method }) => method === "POST" ? Response.json({ message }, { status: 500 }) : undefined,
  });
  using client = new DockerClient(engine.socket);
  const error = await assertRejects(() => runtimeAt(client).setPeers("web", []), MyPaasError);
  assertEquals(error.message, `Cannot create the network "mypaas-svc-web": ${message}`);
  assertEquals(error.hint?.includes("default-address-pools"), true);
});

Deno.test("EngineRuntime.setPeers() uses no network of that name that somebody else made", async () => {
  const foreign = { Id: "f00", Name: "mypaas-svc-web", Labels: null, IPAM: { Config: null } };
  await using engine = new FakeEngine({ answer: () => Response.json(foreign) });
  using client = new DockerClient(engine.socket);
  await assertRejects(
    () => runtimeAt(client).setPeers("web", []),
    MyPaasError,
    'Cannot isolate "web": MyPaas did not make the network "mypaas-svc-web"',
  );
  assertEquals(engine.calls.filter(({ method }) => method !== "GET"), []);
});

Deno.test("EngineRuntime.inspect() reads what Engine 29 leaves out", async () => {
  await using engine = new FakeEngine({ api: "1.55", answer: () => Response.json(CONTAINER_29) });
  using client = new DockerClient(engine.socket);
  assertEquals(await runtimeAt(client).inspect(ID), {
    id: ID,
    status: "running",
    ingressAddress: undefined,
    internalAddress: "10.0.0.16",
    named: false,
    reaches: [],
    restarts: true,
    health: "none",
    healthOutput: "",
    pid: 42,
    restartCount: 0,
    exitCode: 0,
    oomKilled: false,
    error: "",
    startedAt: "2026-11-22T10:00:00Z",
  });
});

Deno.test("EngineRuntime.inspect() takes no container whose id begins like the name", async () => {
  await using engine = new FakeEngine({ answer: () => Response.json({ ...CONTAINER_29, Name: "/other" }) });
  using client = new DockerClient(engine.socket);
  assertEquals(await runtimeAt(client).inspect(ID), undefined);
});

/** A stream of events that stays open. */
function eventStream(...actions: readonly string[]): Response {
  const lines = actions.map((Action, i) =>
    JSON.stringify({
      Type: "container",
      Action,
      timeNano: 1_800_000_000_000_000_000 + i * 1e6,
      Actor: { Attributes: LABELS },
    })
  );
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(`${lines.join("\n")}\n`)),
    }),
  );
}

Deno.test("watchReplicas() goes on after the Engine was away, says that there was a gap, and ends when aborted", async () => {
  await using first = new FakeEngine({ answer: () => eventStream("start", "health_status: healthy") });
  using client = new DockerClient(first.socket);
  const stop = new AbortController();
  const gap = Promise.withResolvers<void>();
  const events = watchReplicas(client, { instance: INSTANCE, signal: stop.signal, onGap: gap.resolve })[
    Symbol.asyncIterator
  ]();
  const next = async () => (await within(events.next(), { what: "an event comes", timeoutMs: 5000 })).value;
  assertEquals([await next(), await next()], [{ id: ID, kind: "start" }, { id: ID, kind: "health" }]);

  const afterGap = next();
  await first.stop();
  await using second = new FakeEngine({ socket: first.socket, answer: () => eventStream("die") });
  assertEquals(await afterGap, { id: ID, kind: "die" });
  await within(gap.promise, { what: "the gap is told", timeoutMs: 1000 });
  const query = new URLSearchParams(second.calls[0]?.path.split("?")[1]);
  assertEquals(query.get("since"), "1800000000.001");
  assertEquals(JSON.parse(query.get("filters") ?? ""), {
    type: ["container"],
    event: ["start", "die", "health_status", "destroy"],
    label: [`mypaas.instance=${INSTANCE}`, "mypaas.part=replica"],
  });

  const last = events.next();
  stop.abort();
  assertEquals((await within(last, { what: "the watch ends", timeoutMs: 1000 })).done, true);
});

Deno.test("watchReplicas() ends at once when it is aborted while the Engine is away", async () => {
  using client = new DockerClient("/nowhere/docker.sock");
  const stop = new AbortController();
  const events = watchReplicas(client, { instance: INSTANCE, signal: stop.signal })[Symbol.asyncIterator]();
  const first = events.next();
  await client.answers();
  stop.abort();
  assertEquals((await within(first, { what: "the watch ends", timeoutMs: 1000 })).done, true);
});

Deno.test("EngineRuntime asks once for the addresses of many replicas, and looks at those of one service alone", async () => {
  const services = Array.from({ length: 200 }, (_, index) => index === 0 ? "web" : `other-${index}`);
  const listed = services.map((service, index) => ({
    Id: `id-${service}`,
    Names: [`/${service}.7.1`],
    Labels: { ...LABELS, "mypaas.service": service },
    NetworkSettings: { Networks: { mypaas: { IPAddress: `10.0.0.${index}` } } },
  }));
  await using engine = new FakeEngine({
    answer: ({ path }) => {
      if (!path.startsWith("/containers/json")) return Response.json(CONTAINER_29);
      const { label }: { label: string[] } = JSON.parse(
        new URL(path, "http://docker").searchParams.get("filters") ?? "",
      );
      const wanted = label.map((each) => each.split("=") as [keyof typeof LABELS, string]);
      return Response.json(listed.filter(({ Labels }) => wanted.every(([name, value]) => Labels[name] === value)));
    },
  });
  using client = new DockerClient(engine.socket);
  const runtime = runtimeAt(client);
  assertEquals((await runtime.addresses()).size, 200);
  assertEquals(engine.calls.length, 1);
  assertEquals((await runtime.list("web")).map(({ id }) => id), [ID]);
  assertEquals(engine.calls.slice(2).map(({ path }) => path), ["/containers/id-web/json"]);
});
