import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineMachine } from "../../src/docker/engine_machine.ts";
import { MyPaasError } from "../../src/error.ts";
import { Label } from "../../src/service/names.ts";
import { networkSettings, nthAddress } from "../../src/setup/addresses.ts";
import type { PartContainer } from "../../src/setup/machine.ts";
import { partDigest } from "../../src/setup/part_digest.ts";
import { waitUntil } from "../../src/wait.ts";
import { docker, EngineBench, tarOf } from "./bench.ts";

function labelsOf({ instance }: EngineBench): Readonly<Record<string, string>> {
  return { [Label.instance]: instance };
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}

/** A part on two networks that serves its own name at port 8080. */
async function examplePart(bench: EngineBench, options: Partial<PartContainer> = {}): Promise<PartContainer> {
  const { entry, admin } = bench.names.networks;
  const [first, second] = [
    await bench.machine.createNetwork(entry, labelsOf(bench)),
    await bench.machine.createNetwork(admin, labelsOf(bench)),
  ];
  return {
    name: bench.names.receiver,
    image: "busybox:latest",
    command: ["sh", "-c", "trap 'exit 0' TERM; echo $NAME > /pages/index.html; httpd -f -p 8080 -h /pages & wait"],
    env: { NAME: "receiver = $1" },
    labels: { ...labelsOf(bench), [Label.part]: "receiver" },
    user: "65532:65532",
    readOnlyRoot: true,
    capabilities: [],
    mounts: [{ source: Deno.cwd(), target: "/code", readOnly: true }],
    tmpfs: ["/pages"],
    ports: [{ host: freePort(), container: 8080 }],
    networks: [
      { name: entry, address: nthAddress(first.subnet, 3) },
      { name: admin, address: nthAddress(second.subnet, 3) },
    ],
    hostNetwork: false,
    hostPid: false,
    pidsLimit: 64,
    ...options,
  };
}

Deno.test("EngineMachine tells the versions of the Engine", async () => {
  await using bench = new EngineBench();
  const { engine, api, liveRestore } = await bench.machine.version();
  assertMatch(engine, /^\d+\.\d+/);
  assertMatch(api, /^1\.\d+$/);
  assertEquals(typeof liveRestore, "boolean");
});

Deno.test("EngineMachine spells out the subnet that Docker chose: gateway .1, range the upper half", async () => {
  await using bench = new EngineBench();
  const name = bench.names.networks.ingress;
  assertEquals(await bench.machine.network(name), undefined);
  const settings = await bench.machine.createNetwork(name, labelsOf(bench));
  assertEquals(settings, networkSettings(settings.subnet));
  assertEquals(await bench.machine.network(name), { settings, instance: bench.instance });
  assertEquals((await bench.machine.owned(bench.instance)).networks, [name]);

  await bench.machine.removeNetwork(name);
  await bench.machine.removeNetwork(name);
  assertEquals(await bench.machine.createNetwork(name, labelsOf(bench), settings), settings);
  assertEquals((await bench.machine.network(name))?.settings, settings);
  await assertRejects(
    () => bench.machine.createNetwork(`${name}-2`, labelsOf(bench), settings),
    MyPaasError,
    `Cannot create the network "${name}-2": `,
  );
  await assertRejects(() => bench.machine.createNetwork(name, labelsOf(bench)), MyPaasError, "already exists");
});

Deno.test("EngineMachine finds free subnets for several networks at the same time", async () => {
  await using bench = new EngineBench();
  const { internal, ingress, entry } = bench.names.networks;
  const made = await Promise.all(
    [internal, ingress, entry].map((name) => bench.machine.createNetwork(name, labelsOf(bench))),
  );
  assertEquals(new Set(made.map(({ subnet }) => subnet)).size, 3);
  assertEquals((await bench.machine.owned(bench.instance)).networks, [internal, entry, ingress].sort());
});

Deno.test("EngineMachine makes a part as told, and knows what it was made from", async () => {
  await using bench = new EngineBench();
  const part = await examplePart(bench);
  assertEquals(await bench.machine.part(part.name), undefined);
  await bench.machine.createPart(part);
  const digest = await partDigest(part);
  const { publishedOn, ...state } = await bench.machine.part(part.name) ?? { publishedOn: [] };
  assertEquals(state, { name: part.name, running: true, restarts: 0, digest, instance: bench.instance });

  const { Config: config, HostConfig: host, NetworkSettings: { Networks: networks } } = JSON.parse(
    await docker("inspect", part.name),
  )[0];
  assertEquals([config.User, host.ReadonlyRootfs, host.CapDrop, host.PidsLimit], ["65532:65532", true, ["ALL"], 64]);
  assertEquals([host.SecurityOpt, host.RestartPolicy.Name], [["no-new-privileges"], "always"]);
  assertEquals(
    part.networks.map(({ name }) => networks[name].IPAddress),
    part.networks.map(({ address }) => address),
  );
  await docker("exec", part.name, "test", "-e", "/code/deno.json");

  const [port] = part.ports;
  const page = async () => {
    const response = await fetch(`http://127.0.0.1:${port?.host}/`).catch(() => undefined);
    return (await response?.text())?.trim();
  };
  const served = () => waitUntil(page, { what: "the part answers", timeoutMs: 10_000 });
  assertEquals(await served(), "receiver = $1");
  const overIpv6 = await Deno.connect({ hostname: "::1", port: port?.host ?? 0 }).then((socket) => {
    socket.close();
    return true;
  }, () => false);
  assertEquals(publishedOn, overIpv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"]);
  await bench.machine.signalPart(part.name, "SIGWINCH");

  await docker("stop", "--time", "0", part.name);
  assertEquals((await bench.machine.part(part.name))?.running, false);
  await bench.machine.signalPart(part.name, "SIGWINCH");
  await bench.machine.startPart(part.name);
  await bench.machine.startPart(part.name);
  assertEquals((await bench.machine.part(part.name))?.running, true);
  assertEquals((await bench.machine.owned(bench.instance)).containers, [part.name]);
  await bench.machine.removePart(part.name);
  await bench.machine.removePart(part.name);
  assertEquals(await bench.machine.part(part.name), undefined);
});

Deno.test("EngineMachine leaves nothing of a part that cannot start, and says why", async () => {
  await using bench = new EngineBench();
  using taken = Deno.listen({ port: 0 });
  const part = await examplePart(bench, { ports: [{ host: taken.addr.port, container: 8080 }] });
  const error = await assertRejects(() => bench.machine.createPart(part), MyPaasError);
  assertMatch(error.message, /^Cannot start "[^"]+": .*address already in use$/);
  assertEquals(await bench.machine.part(part.name), undefined);
});

Deno.test("EngineMachine imports an image out of a tar, labelled, and removes it", async () => {
  await using bench = new EngineBench();
  const { receiverImage } = bench.names;
  await bench.machine.importImage(receiverImage, await tarOf({ "etc/hello": "hello" }), labelsOf(bench));
  assert(await bench.machine.hasImage(receiverImage));
  assertEquals((await bench.machine.owned(bench.instance)).images, [receiverImage]);
  await bench.machine.removeImage(receiverImage);
  await bench.machine.removeImage(receiverImage);
  assertEquals(await bench.machine.hasImage(receiverImage), false);
});

Deno.test("EngineMachine says why an image cannot be pulled", async () => {
  await using bench = new EngineBench();
  await assertRejects(
    () => bench.machine.pullImage("registry.invalid/base:1"),
    MyPaasError,
    'Cannot pull the image "registry.invalid/base:1": ',
  );
});

Deno.test("EngineMachine changes nothing that MyPaas did not make", async () => {
  using client = new DockerClient();
  const machine = new EngineMachine(client);
  const name = `mypaas-test-foreign-${crypto.randomUUID().slice(0, 8)}`;
  await docker("network", "create", name);
  await docker("volume", "create", name);
  await docker("create", "--name", name, "busybox", "true");
  await docker("tag", "busybox", name);
  try {
    await assertRejects(() => machine.removePart(name), MyPaasError, "MyPaas did not make it");
    await assertRejects(() => machine.startPart(name), MyPaasError, "MyPaas did not make it");
    await assertRejects(() => machine.removeNetwork(name), MyPaasError, "MyPaas did not make it");
    await assertRejects(() => machine.removeVolume(name), MyPaasError, "MyPaas did not make it");
    await assertRejects(() => machine.removeImage(name), MyPaasError, "MyPaas did not make it");
    assertEquals(await machine.part(name), {
      name,
      running: false,
      restarts: 0,
      digest: "",
      instance: "",
      publishedOn: [],
    });
  } finally {
    await docker("rm", name);
    await docker("network", "rm", name);
    await docker("volume", "rm", name);
    await docker("rmi", name);
  }
});
