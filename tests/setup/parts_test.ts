import { assert, assertEquals, assertFalse, assertNotEquals } from "@std/assert";
import { acmeConfig } from "../../src/setup/acme.ts";
import { serverLayout } from "../../src/setup/layout.ts";
import type { PartContainer } from "../../src/setup/machine.ts";
import { partDigest } from "../../src/setup/part_digest.ts";
import { CONTROL_GROUPS, DOCKER_SOCKET, traefikStatic, wantedParts } from "../../src/setup/parts.ts";
import { SETTINGS } from "./settings_example.ts";

const CONTENT = { program: "p1", settings: "s1", traefik: "t1" };

/** The part of this kind, of a server below `root`. */
function part(
  kind: "traefik" | "receiver" | "daemon",
  root: string,
  change: Partial<typeof SETTINGS> = {},
): PartContainer {
  const found = wantedParts({ settings: { ...SETTINGS, ...change }, layout: serverLayout(root), content: CONTENT })
    .find(({ name }) => name.endsWith(`-${kind}`));
  assert(found);
  return found;
}

Deno.test("Traefik has fixed addresses, published ports, one capability and no Docker socket", () => {
  assertEquals(part("traefik", "/"), {
    name: "mypaas-traefik",
    image: "traefik:v3.7.15",
    command: ["--configFile=/etc/traefik/traefik.yml"],
    env: {},
    labels: { "mypaas.instance": SETTINGS.serverId, "mypaas.part": "traefik", "mypaas.content": "t1" },
    user: "",
    readOnlyRoot: true,
    capabilities: ["NET_BIND_SERVICE"],
    mounts: [
      { source: "/var/lib/mypaas/traefik", target: "/etc/traefik", readOnly: true },
      { source: "/var/lib/mypaas/traefik/plugins", target: "/plugins-local", readOnly: true },
      { source: "/var/lib/mypaas/traefik/acme", target: "/etc/traefik/acme", readOnly: false },
    ],
    tmpfs: ["/tmp"],
    ports: [{ host: 80, container: 80 }, { host: 443, container: 443 }],
    networks: [
      { name: "mypaas-ingress", address: "172.21.0.2" },
      { name: "mypaas-entry", address: "172.22.0.2" },
      { name: "mypaas-admin", address: "172.23.0.2" },
    ],
    hostNetwork: false,
    hostPid: false,
    pidsLimit: 1024,
  });
});

Deno.test("the receiver is not root, has no capability, and sees only the spool and the gate", () => {
  assertEquals(part("receiver", "/"), {
    name: "mypaas-receiver",
    image: "mypaas-receiver:base",
    command: [
      "/usr/local/bin/mypaas",
      "receiver",
      "--spool",
      "/spool",
      "--gate",
      "/gate/gate.sock",
      "--port",
      "8080",
      "--server-id",
      SETTINGS.serverId,
      "--max-context",
      "4294967296",
      "--max-files",
      "100000",
      "--spool-size",
      "21474836480",
    ],
    env: { DENO_USR2_MEMORY_TRIM: "1" },
    labels: { "mypaas.instance": SETTINGS.serverId, "mypaas.part": "receiver", "mypaas.content": "p1" },
    user: "65532:65532",
    readOnlyRoot: true,
    capabilities: [],
    mounts: [
      { source: "/usr/local/bin/mypaas", target: "/usr/local/bin/mypaas", readOnly: true },
      { source: "/var/lib/mypaas/spool", target: "/spool", readOnly: false },
      { source: "/run/mypaas/gate", target: "/gate", readOnly: true, make: true },
    ],
    tmpfs: ["/tmp"],
    ports: [],
    networks: [{ name: "mypaas-entry", address: "172.22.0.3" }],
    hostNetwork: false,
    hostPid: false,
    pidsLimit: 256,
  });
});

Deno.test("the daemon's container has the host's network and processes, and every path under its own name", () => {
  const { mounts, command, hostNetwork, hostPid, capabilities } = part("daemon", "/");
  assert(hostNetwork && hostPid);
  assertEquals(capabilities, ["CHOWN", "DAC_OVERRIDE", "FOWNER"]);
  assertEquals(command, ["/usr/local/bin/mypaas", "daemon"]);
  assert(mounts.every(({ source, target }) => source === target));
  assertEquals(mounts.map(({ source, readOnly }) => `${source}${readOnly ? " ro" : ""}`), [
    "/usr/local/bin/mypaas ro",
    "/etc/mypaas ro",
    "/var/lib/mypaas",
    "/run/mypaas",
    "/srv/mypaas",
    DOCKER_SOCKET,
    `${CONTROL_GROUPS} ro`,
  ]);
});

Deno.test("a second root has names of its own, and the daemon gets the root as a whole", () => {
  const inside = part("daemon", "/tmp/a", { volumes: "/tmp/a/srv/mypaas" });
  assertEquals(inside.name, "mypaas-ab12cd-daemon");
  assertEquals(inside.command, ["/tmp/a/usr/local/bin/mypaas", "--root", "/tmp/a", "daemon"]);
  assertEquals(inside.mounts.map(({ source }) => source), ["/tmp/a", DOCKER_SOCKET, CONTROL_GROUPS]);
  const outside = part("daemon", "/tmp/a", { volumes: "/tmp/ab" });
  assertEquals(outside.mounts.map(({ source }) => source), ["/tmp/a", "/tmp/ab", DOCKER_SOCKET, CONTROL_GROUPS]);
  assertEquals(part("traefik", "/tmp/a").networks[0]?.name, "mypaas-ab12cd-ingress");
});

Deno.test("only the daemon's container has the Docker socket, and only under that supervisor", () => {
  for (const supervisor of ["systemd", "none"] as const) {
    const parts = wantedParts({ settings: { ...SETTINGS, supervisor }, layout: serverLayout("/"), content: CONTENT });
    assertEquals(parts.map(({ name }) => name), ["mypaas-receiver", "mypaas-traefik"]);
    assertFalse(JSON.stringify(parts).includes("docker.sock"));
  }
});

Deno.test("traefikStatic() binds Traefik's API to its address on the admin network", () => {
  const text = traefikStatic(SETTINGS, acmeConfig(SETTINGS));
  assert(text.includes("172.23.0.2:8080"));
  assert(text.includes("directory: /etc/traefik/routes"));
});

Deno.test("partDigest() depends on every value, not on the order in which they were written", async () => {
  const traefik = part("traefik", "/");
  const reversed: PartContainer = { ...Object.fromEntries(Object.entries(traefik).reverse()), ...traefik };
  assertEquals(await partDigest(reversed), await partDigest(traefik));
  assertNotEquals(await partDigest({ ...traefik, pidsLimit: 1 }), await partDigest(traefik));
  assertNotEquals(
    await partDigest({ ...traefik, labels: { ...traefik.labels, "mypaas.content": "t2" } }),
    await partDigest(traefik),
  );
});
