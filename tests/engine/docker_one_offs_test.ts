import { assertEquals, assertRejects } from "@std/assert";
import type { OneOffRequest } from "../../src/deploy/runtime.ts";
import { MyPaasError } from "../../src/error.ts";
import { docker, EngineBench, serviceSpec } from "./bench.ts";

function oneOff(image: string, change: Partial<OneOffRequest> = {}): OneOffRequest {
  const spec = serviceSpec("web");
  const owner = "1.1";
  return {
    service: "web",
    release: 1,
    image,
    spec,
    env: [],
    reaches: [],
    command: [],
    stdin: false,
    tty: false,
    owner,
    ...change,
  };
}

async function networksOf(id: string): Promise<readonly string[]> {
  const [{ NetworkSettings: { Networks } }] = JSON.parse(await docker("inspect", id));
  return Object.keys(Networks).sort();
}

Deno.test("a one-off container reaches isolated services by name, no replica sees it, and an isolation may end beside it", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const { image } = await bench.build("web", "FROM busybox\nCMD exec sleep 1000");
  await bench.runtime.setPeers("db", ["web"]);
  const { id, name } = await bench.runtime.createOneOff(oneOff(image, { reaches: ["db", "gone"] }));
  const { networks: { internal }, ownNetwork } = bench.names;
  assertEquals(await networksOf(id), [internal, ownNetwork("db")].sort());
  await docker("start", id);
  assertEquals([await bench.runtime.list(), /^web\.1\.run-[0-9a-f]{8}$/.test(name)], [[], true]);
  await bench.runtime.setPeers("db", undefined);
  assertEquals(await networksOf(id), [internal]);
  await bench.runtime.removeOneOffs(() => true);
  await assertRejects(() => docker("inspect", id), Error, "No such");
});

Deno.test("a running one-off container finds a name as long as its service is a peer, and its own to the end", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const { image } = await bench.build("web", "FROM busybox\nCMD exec sleep 1000");
  await bench.runtime.setPeers("db", ["web"]);
  const [web, db] = await Promise.all(["web", "db"].map(async (service) => {
    const { id } = await bench.runtime.createOneOff(oneOff(image, { service, reaches: ["db"] }));
    await docker("start", id);
    return id;
  }));
  const onIt = async () => {
    const networks = await Promise.all([web, db].map((id) => networksOf(id ?? "")));
    return networks.map((names) => names.includes(bench.names.ownNetwork("db")));
  };
  assertEquals(await onIt(), [true, true]);
  await bench.runtime.setPeers("db", ["other"]);
  assertEquals(await onIt(), [false, true]);
  await bench.runtime.setPeers("db", ["web"]);
  assertEquals(await onIt(), [true, true]);
});

Deno.test("removeOneOffs() removes those it is told to, running or never started, and nothing else", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const { image } = await bench.build("web", "FROM busybox\nCMD exec sleep 1000");
  const [first, second, third] = await Promise.all(
    ["1.1", "2.2", "3.3"].map((owner) => bench.runtime.createOneOff(oneOff(image, { owner }))),
  );
  await docker("start", first?.id ?? "");
  await bench.runtime.removeOneOffs(({ service, owner }) => service === "web" && owner !== "3.3");
  for (const gone of [first, second]) await assertRejects(() => docker("inspect", gone?.id ?? ""), Error, "No such");
  assertEquals(await networksOf(third?.id ?? ""), [bench.names.networks.internal]);
});

Deno.test("createOneOff() says when the image is gone", async () => {
  await using bench = new EngineBench();
  await assertRejects(
    () => bench.runtime.createOneOff(oneOff("mypaas-none/web:1")),
    MyPaasError,
    'Cannot run release 1 of "web": its image is gone',
  );
});
