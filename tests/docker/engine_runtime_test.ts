import { assertEquals, assertRejects } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineRuntime } from "../../src/docker/engine_runtime.ts";
import { MyPaasError } from "../../src/error.ts";
import { DiskSecretFolders } from "../../src/host/secret_folders.ts";
import { objectNames } from "../../src/service/names.ts";
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

const NAMED = { Networks: { mypaas: { ...CONTAINER_29.NetworkSettings.Networks.mypaas, Aliases: ["web"] } } };

function runtimeAt(client: DockerClient): EngineRuntime {
  return new EngineRuntime({
    client,
    names: objectNames(""),
    instance: INSTANCE,
    volumeSource: () => "",
    secretFolders: new DiskSecretFolders("/nowhere"),
    releaseOf: () => undefined,
  });
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

Deno.test("EngineRuntime.setNamed() takes no name off a container that ended meanwhile", async () => {
  const { State } = CONTAINER_29;
  const states = [State, { ...State, Status: "restarting", Pid: 0 }];
  await using engine = new FakeEngine({
    answer: ({ method }) =>
      method === "GET"
        ? Response.json({ ...CONTAINER_29, Config: { Labels: LABELS }, State: states.shift(), NetworkSettings: NAMED })
        : Response.json({ message: "container c0ffee is not connected to network mypaas" }, { status: 500 }),
  });
  using client = new DockerClient(engine.socket);
  await runtimeAt(client).setNamed(ID, false);
  assertEquals(engine.calls.map(({ path }) => path), [
    "/containers/web.7.1/json",
    "/networks/mypaas/disconnect",
    "/containers/web.7.1/json",
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

Deno.test("EngineRuntime asks once for the addresses of many replicas, and looks again at those alone that are asked for or have changed", async () => {
  const services = Array.from({ length: 200 }, (_, index) => index === 0 ? "web" : `other-${index}`);
  const listed = services.map((service, index) => ({
    Id: `id-${service}`,
    Names: [`/${service}.7.1`],
    Labels: { ...LABELS, "mypaas.service": service },
    State: "running",
    Status: "Up 3 minutes",
    NetworkSettings: { Networks: { mypaas: { IPAddress: `10.0.0.${index}`, EndpointID: `endpoint-${index}` } } },
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
  const looks = () =>
    engine.calls.splice(0).map(({ path }) => path).filter((path) => !path.startsWith("/containers/json"));
  assertEquals(looks(), ["/containers/id-web/json"]);

  assertEquals((await runtime.glance()).length, 200);
  assertEquals(looks().length, 200);
  assertEquals((await runtime.glance()).length, 200);
  assertEquals(looks(), []);
  const [web, other] = listed;
  if (web && other) {
    web.NetworkSettings.Networks.mypaas.EndpointID = "that of its next start";
    other.Status = "Up 4 minutes (unhealthy)";
  }
  await runtime.glance();
  assertEquals(looks().sort(), ["/containers/id-other-1/json", "/containers/id-web/json"]);
});
