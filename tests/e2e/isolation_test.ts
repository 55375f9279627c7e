import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Container, inspect, startContainer, stopContainer } from "./engine.ts";
import { sharedServer, succeeded } from "./lab.ts";
import { listeningPorts, statusField } from "./processes.ts";

const server = sharedServer();

function addresses({ NetworkSettings: { Networks } }: Container): Record<string, string> {
  return Object.fromEntries(Object.entries(Networks).map(([network, { IPAddress }]) => [network, IPAddress]));
}

/** What a service on the ingress and internal networks gets from an address; 502 when nothing answers it. */
async function fromInside(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return await server().get("inside.test", `/fetch?url=${encodeURIComponent(url)}`);
}

/** Three tries: Docker takes its fence between networks away for some milliseconds when another test makes a network. */
async function refusedFromInside(url: string): Promise<void> {
  const statuses: number[] = [];
  do statuses.push((await fromInside(url)).status); while (statuses.at(-1) !== 502 && statuses.length < 3);
  assertEquals(statuses.at(-1), 502, `${url}: ${statuses}`);
}

Deno.test("Traefik and the receiver have no Docker socket, no daemon socket and no key", async () => {
  const { traefik, receiver } = server().names;
  for (const name of [traefik, receiver]) {
    const { Mounts, HostConfig } = await inspect(name);
    assertEquals(HostConfig.Privileged, false);
    for (const { Source, Destination } of Mounts) {
      for (const path of [Source, Destination]) {
        assert(!/docker\.sock|daemon\.sock|daemon\.key|state\.db/.test(path), `${name} mounts ${path}`);
        const { root, run, lib, etc } = server().layout;
        assert(![root, run, lib, etc, "/var/run", "/run", "/"].includes(path), `${name} mounts ${path}`);
      }
    }
  }
});

Deno.test("the receiver is not root, read-only, without capabilities and cannot gain privileges", async () => {
  const { State, Config, HostConfig } = await inspect(server().names.receiver);
  assertMatch(Config.User, /^65532/);
  assertEquals(HostConfig.ReadonlyRootfs, true);
  assertEquals(HostConfig.CapDrop, ["ALL"]);
  assertEquals(HostConfig.CapAdd ?? [], []);
  assertEquals(await statusField(State.Pid, "Uid"), ["65532", "65532", "65532", "65532"]);
  assertEquals(await statusField(State.Pid, "CapEff"), ["0000000000000000"]);
  assertEquals(await statusField(State.Pid, "NoNewPrivs"), ["1"]);
});

Deno.test("the daemon listens on no TCP port", async () => {
  assertEquals(await listeningPorts(await server().daemonPid()), []);
});

Deno.test("Traefik's API and the receiver answer no service, on any of their addresses", async () => {
  succeeded(await server().push({ name: "inside", options: { domain: "inside.test" }, app: { TEXT: "inside" } }));
  const { traefik, receiver, networks } = server().names;
  const traefikAddresses = addresses(await inspect(traefik));
  assertEquals(Object.keys(traefikAddresses).sort(), [networks.admin, networks.entry, networks.ingress].sort());

  // A service does reach Traefik's door for visitors, so a refusal below is no accident.
  assertEquals((await fromInside(`http://${traefikAddresses[networks.ingress]}/`)).text.trim(), "404 page not found");
  for (const address of Object.values(traefikAddresses)) {
    await refusedFromInside(`http://${address}:8080/api/version`);
  }
  const receiverAddresses = addresses(await inspect(receiver));
  assertEquals(Object.keys(receiverAddresses), [networks.entry]);
  for (const address of Object.values(receiverAddresses)) {
    await refusedFromInside(`http://${address}:8080/v1/hello`);
  }
  for (const path of ["/api/version", "/api/rawdata", "/dashboard/"]) {
    assertEquals((await server().get("127.0.0.1", path)).status, 404, `${path} for a visitor`);
  }
});

Deno.test("with the receiver stopped services answer and deploy works", async () => {
  const { receiver } = server().names;
  await stopContainer(receiver);
  try {
    assertEquals((await server().get("inside.test")).text, "inside");
    succeeded(await server().deploy({ name: "inside", options: { domain: "inside.test" }, app: { TEXT: "deployed" } }));
    assertEquals((await server().get("inside.test")).text, "deployed");
  } finally {
    await startContainer(receiver);
  }
});

Deno.test("with the daemon stopped services answer", async () => {
  await server().endDaemon("SIGTERM");
  try {
    assertEquals((await server().get("inside.test")).text, "deployed");
  } finally {
    await server().startDaemon();
  }
  assertEquals((await server().get("inside.test")).text, "deployed");
});
