import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { createNetwork, removeNetwork } from "../../src/docker/network_requests.ts";
import { stateDamage } from "./damage.ts";
import { createContainer, removeContainer, startContainer, stopContainer } from "./engine.ts";
import { jsonLines, type Ran, runProgram, sharedServer, succeeded } from "./lab.ts";

// A disk of its own to fill; the harness runs the daemon, so that it can be away.
const server = sharedServer({ supervisor: "none", diskSize: "64m" });
const APP = { name: "doc", options: { domain: "doc.localhost" } };

/** What a run found wrong, as `level check: message`. How this machine itself is set up is left out. */
function wrong(ran: Ran): readonly string[] {
  const found = jsonLines(ran).filter(({ level, check }) =>
    level === "fault" || level === "warning" && check !== "clock" && check !== "memory"
  );
  assertEquals(ran.code, found.some(({ level }) => level === "fault") ? 1 : 0, `${ran.stdout}\n${ran.stderr}`);
  assertEquals(ran.stderr, "");
  for (const { fix, message } of found) assert(typeof fix === "string" && fix !== "", `${message} has no fix`);
  return found.map(({ level, check, message }) => `${level} ${check}: ${message}`);
}

async function found(): Promise<readonly string[]> {
  return wrong(await server().run(["--json", "doctor"]));
}

/** Plants a fault, makes sure that it is named and nothing else is, and takes it away. */
async function named(
  sentences: readonly string[],
  { plant, mend }: { readonly plant: () => Promise<unknown>; readonly mend: () => Promise<unknown> },
): Promise<void> {
  await plant();
  try {
    assertEquals(await found(), sentences);
  } finally {
    await mend();
  }
}

Deno.test("doctor is silent on a healthy server with a service, and ends with 0", async () => {
  succeeded(await server().deploy(APP));
  assertEquals(await found(), []);
  const { code, stdout, stderr } = await server().run(["doctor"]);
  assertEquals(code, 0);
  // Of its own clock this machine may have something to say.
  assertEquals(stdout.split("\n").filter((line) => line !== "" && !/clock|timedatectl/.test(line)), []);
  assertStringIncludes(stderr, "unseen:  What stands before this machine");
});

Deno.test("doctor names a key that others may read, and a folder that they may enter", async () => {
  const { daemonKey, spool } = server().layout;
  await named([
    `fault parts: The folder "${spool}" has another mode or owner than 0700 of 65532:65532`,
    `fault files: Others may read the secrets in "${daemonKey}": its mode is 0644, not 0600`,
  ], {
    plant: () => Promise.all([Deno.chmod(daemonKey, 0o644), Deno.chmod(spool, 0o755)]),
    mend: () => Promise.all([Deno.chmod(daemonKey, 0o600), Deno.chmod(spool, 0o700)]),
  });
});

Deno.test("doctor names a container and a network with the server's label that are no part of it", async () => {
  const container = `stray-${server().serverId.slice(0, 6)}`;
  const network = container;
  using docker = new DockerClient();
  const labels = { "mypaas.instance": server().serverId };
  await named([
    `warning leftovers: The container "${container}" has this server's label and is no part of it`,
    `warning leftovers: The network "${network}" has this server's label and is used by no service`,
  ], {
    plant: async () => {
      await createContainer(container, { Image: "busybox:latest", Labels: labels });
      await docker.run(createNetwork(network, { labels }));
    },
    mend: async () => {
      await removeContainer(container);
      await docker.run(removeNetwork(network));
    },
  });
});

Deno.test("doctor names a disk that is full", async () => {
  await server().disk.fill();
  try {
    const [first = "", ...more] = await found();
    assertStringIncludes(first, `fault disk: The disk of ${server().layout.lib}`);
    assertStringIncludes(first, "is full");
    assertEquals(more, []);
  } finally {
    await server().disk.empty();
  }
});

Deno.test("doctor names a rule of the packet filter that keeps visitors away", async () => {
  const rule = ["DOCKER-USER", "-p", "tcp", "-m", "conntrack", "--ctorigdstport", `${server().httpPort}`, "-j", "DROP"];
  const iptables = async (change: string) => {
    const { success, stderr } = await new Deno.Command("iptables", { args: ["-w", change, ...rule] }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  await named([
    `fault firewall: The packet filter keeps visitors from port ${server().httpPort}: -A ${rule.join(" ")}`,
  ], { plant: () => iptables("-I"), mend: () => iptables("-D") });
});

Deno.test("doctor names a domain that leads elsewhere, by IPv4 or by IPv6 only, and one that leads nowhere", async () => {
  const domains = ["v4.doc.example", "v6.doc.example", "none.doc.example"];
  succeeded(await server().deploy({ name: "named", options: { domain: domains } }));
  const hosts = `${server().folder}/hosts`;
  await Deno.writeTextFile(
    hosts,
    "127.0.0.1 localhost v6.doc.example\n192.0.2.7 v4.doc.example\n2001:db8::7 v6.doc.example\n",
  );
  // A view of the file system of its own, in which names lead where the file says.
  const enter = ["unshare", "-m", "bash", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
  try {
    assertEquals(wrong(await runProgram(["--root", server().root, "--json", "doctor"], {}, { enter })), [
      `fault dns: v4.doc.example, a domain of "named", leads to 192.0.2.7, not to this server (127.0.0.1)`,
      `fault dns: v6.doc.example, a domain of "named", leads visitors with IPv6 to 2001:db8::7, not to this server`,
      `fault dns: none.doc.example, a domain of "named", leads nowhere: it has no address`,
    ]);
  } finally {
    succeeded(await server().run(["remove", "named"]));
  }
});

Deno.test("on a laptop doctor names a bad option, a secret that is sent, and is silent about a good project", async () => {
  const dockerfile = await server().project(APP);
  const folder = dockerfile.replace(/\/Dockerfile$/, "");
  const look = () => server().client(["--json", "doctor", "--server", "lab", dockerfile]);
  assertEquals(wrong(await look()), []);
  await Deno.writeTextFile(`${folder}/.env`, "A=b\n");
  assertEquals(wrong(await look()), [
    'warning project: ".env" is sent with every push and may hold a secret, which then is in the image of COPY . .',
  ]);
  await Deno.remove(`${folder}/.env`);
  await Deno.writeTextFile(dockerfile, "# mypaas.servicename = doc\n# mypaas.scael = 2\nFROM scratch\n");
  const [bad = "", ...more] = wrong(await look());
  assertStringIncludes(bad, "fault project: ");
  assertStringIncludes(bad, "scael");
  assertEquals(more, []);
});

Deno.test("on a laptop doctor names a key that was revoked, and a service that is not in its scope", async () => {
  const env = server().laptop("other");
  const line = await server().invite("other", "deploy", "--scope", "shop");
  succeeded(await server().login("lab", line, env));
  const look = async () => wrong(await server().client(["--json", "doctor", await server().project(APP)], env));
  const [scope = ""] = await look();
  assertStringIncludes(scope, 'has the role "deploy" for "shop"');
  succeeded(await server().run(["keys", "revoke", "other"]));
  const [revoked = ""] = await look();
  assertStringIncludes(revoked, "revoked");
});

Deno.test("doctor names a receiver that was stopped, and Traefik's changed configuration", async () => {
  const { traefikStatic } = server().layout;
  const { receiver } = server().names;
  const before = await Deno.readTextFile(traefikStatic);
  await stopContainer(receiver);
  await Deno.writeTextFile(traefikStatic, `${before}\n`);
  try {
    const all = await found();
    assert(all.includes(`fault parts: "${traefikStatic}" is not as init writes it`), all.join("\n"));
    assert(all.includes(`fault parts: The container "${receiver}" does not run`), all.join("\n"));
    assert(all.some((one) => one.startsWith("fault running: The receiver does not answer at ")), all.join("\n"));
  } finally {
    await Deno.writeTextFile(traefikStatic, before);
    await startContainer(receiver);
  }
});

// The daemon was started by another test, and is ended here.
const DAEMON_ENDS = { sanitizeOps: false, sanitizeResources: false };

Deno.test("doctor names a daemon that is away, and one of another version", DAEMON_ENDS, async () => {
  const { daemonSocket, routesFile } = server().layout;
  await server().endDaemon("SIGTERM");
  const all = await found();
  assertEquals(all.length, 1, all.join("\n"));
  assertStringIncludes(all[0] ?? "", `fault running: The daemon does not answer on "${daemonSocket}"`);

  // Somebody changes the routes while nobody puts them right.
  const routes = await Deno.readTextFile(routesFile);
  await Deno.writeTextFile(routesFile, routes.replaceAll(/"http:\/\/[\d.]+:80"/g, '"http://192.0.2.9:80"'));
  await Deno.remove(daemonSocket).catch(() => {});
  const answer = { serverId: server().serverId, version: "9.9.9", time: new Date().toISOString() };
  const other = Deno.serve({ path: daemonSocket, onListen: () => {} }, () => Response.json(answer));
  await Deno.chmod(daemonSocket, 0o600);
  try {
    const [skew, route = "", ...more] = await found();
    assertEquals(skew, "fault running: The daemon is mypaas 9.9.9, this program 0.1.0");
    assertStringIncludes(route, `fault routes: "${routesFile}" leads "doc" to 192.0.2.9`);
    assertEquals(more, []);
  } finally {
    await other.shutdown();
    await Deno.writeTextFile(routesFile, routes);
  }
});

Deno.test("doctor names a port that another program took, and a damaged state", async () => {
  const { traefik } = server().names;
  await stopContainer(traefik);
  const listener = Deno.listen({ port: server().httpPort, hostname: "127.0.0.1" });
  await using _state = await stateDamage(server().layout.database);
  try {
    const all = await found();
    const has = (text: string) => assert(all.some((one) => one.includes(text)), `${text}\n\n${all.join("\n")}`);
    has(`fault ports: Port ${server().httpPort} is taken: deno (pid ${Deno.pid}) listens on it`);
    has(`fault state: The state "${server().layout.database}" is damaged`);
    has(`fault parts: The container "${traefik}" does not run`);
  } finally {
    listener.close();
    await startContainer(traefik);
  }
});

Deno.test("mended, the server is silent again", DAEMON_ENDS, async () => {
  await server().startDaemon();
  assertEquals(await found(), []);
});
