import { assertEquals, assertStringIncludes } from "@std/assert";
import { waitUntil, within } from "../../src/wait.ts";
import { containersOf, exec, owned } from "./engine.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

/** The service that is isolated; what it answers tells its release apart. */
function db(isolated: string, text: string, scale = 0): Promise<Ran> {
  const options = { isolated, scale, port: 5000, "drain-timeout": "5s", healthcheck: "/" };
  return server().deploy({ name: "db", options, app: { TEXT: text, PORT: "5000" } });
}

/** A service that others are asked from, by the programs of its base image. */
async function asker(name: string, scale = 0): Promise<void> {
  const options = { domain: `${name}.test`, scale };
  succeeded(await server().deploy({ name, options, from: "busybox:latest" }, "--force"));
}

/** What the first container of a service gets from an address, over a connection of its own. */
async function get(from: string, url: string): Promise<string> {
  const [container] = await containersOf(server().serverId, from);
  return (await exec(container?.Id ?? "", ["wget", "-q", "-O", "-", url])).output.trim();
}

/** What answers within a second; nothing may be at an address any more that was found a moment before. */
async function getSoon(from: string, url: string): Promise<string> {
  const [container] = await containersOf(server().serverId, from);
  const { output } = await exec(container?.Id ?? "", ["timeout", "1", "wget", "-q", "-O", "-", url]);
  return output.trim();
}

/** The address behind a name, as Docker's own resolver tells it: the machine's may be slow to say that there is none. */
async function addressOf(name: string, from: string): Promise<string | undefined> {
  const [container] = await containersOf(server().serverId, from);
  const look = `timeout 1 nslookup ${name} 127.0.0.11 2>/dev/null | tail -n +3 | grep -oE '[0-9.]+$' | head -n 1`;
  return (await exec(container?.Id ?? "", ["sh", "-c", look])).output.trim() || undefined;
}

/** Who gets what from `db` by its name: `nothing` when they do not find it. */
async function answers(...from: string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(from.map(async (name) => {
      const address = await addressOf("db", name);
      return [name, address === undefined ? "nothing" : await getSoon(name, `http://${address}:5000/`)];
    })),
  );
}

/** The old release gives its name up behind the answer of a start-first deploy. */
async function until(wanted: Readonly<Record<string, string>>): Promise<void> {
  let last: unknown;
  await waitUntil(async () => {
    last = await answers(...Object.keys(wanted));
    return JSON.stringify(last) === JSON.stringify(wanted);
  }, { what: `db answers ${JSON.stringify(wanted)}`, timeoutMs: 10_000 }).catch((error) => {
    throw new Error(`${error.message}; it answers ${JSON.stringify(last)}`, { cause: error });
  });
}

/** The networks of isolated services on this server. */
async function ownNetworks(): Promise<readonly string[]> {
  const { networks } = await owned(server().serverId);
  return networks.filter((name) => name.startsWith(server().names.ownNetwork("")));
}

/** Each container of a service, and whether it is on the network of `db`. */
async function onNetworkOfDb(service: string): Promise<readonly boolean[]> {
  const network = server().names.ownNetwork("db");
  const containers = await containersOf(server().serverId, service);
  return containers.map(({ NetworkSettings: { Networks } }) => network in Networks);
}

Deno.test("an isolated service is found by name by the services it names, running or deployed later, and by no other", async () => {
  await Promise.all([asker("web"), asker("other")]);
  const before = (await containersOf(server().serverId, "web"))[0];
  const plan = succeeded(
    await server().deploy({ name: "db", options: { isolated: "web,late", port: 5000 } }, "--dry-run"),
  );
  assertStringIncludes(plan.stdout, "isolate db from all but late, web");
  succeeded(await db("web,late", "first"));
  assertEquals(await answers("web", "other"), { web: "first", other: "nothing" });
  const after = (await containersOf(server().serverId, "web"))[0];
  assertEquals([after?.Id, after?.State.Pid], [before?.Id, before?.State.Pid], "the peer was not restarted");

  await Promise.all([asker("web"), asker("other"), asker("late", 2), db("web,late", "second").then(succeeded)]);
  assertEquals(await onNetworkOfDb("late"), [true, true]);
  assertEquals(await answers("web", "late", "other"), { web: "second", late: "second", other: "nothing" });
});

Deno.test("an isolated service finds the others by name, answers under its address, and through Traefik if it has a domain", async () => {
  const options = { domain: "walled.test", isolated: "true", scale: 1 };
  const from = "busybox:latest";
  succeeded(await server().deploy({ name: "walled", options, app: { TEXT: "walled" }, from }));
  assertEquals(await server().get("walled.test"), { status: 200, text: "walled" });
  assertEquals(await addressOf("walled", "other"), undefined);
  succeeded(await server().deploy({ name: "plain", options: { port: 5000 }, app: { TEXT: "plain", PORT: "5000" } }));
  assertEquals(await get("walled", "http://plain:5000/"), "plain");
  assertEquals(await get("walled", "http://walled/"), "walled");
  const [container] = await containersOf(server().serverId, "walled");
  const address = container?.NetworkSettings.Networks[server().names.networks.internal]?.IPAddress;
  // The option is about the name: README says so.
  assertEquals(await get("other", `http://${address}/`), "walled");
});

Deno.test("a peer's request goes on while the isolated service is replaced, and new ones lead to the new release", async () => {
  succeeded(await db("web", "old", 1));
  await waitUntil(async () => (await containersOf(server().serverId, "db")).length === 1, {
    what: "what the tests before left is gone",
    timeoutMs: 20_000,
  });
  const slow = get("web", "http://db:5000/sleep?ms=4000");
  slow.catch(() => {});
  succeeded(await db("web", "new", 2));
  await until({ web: "new" });
  assertEquals((await containersOf(server().serverId, "db")).length, 3, "the old one answers its last request");
  assertEquals(await slow, "slept");
  await waitUntil(async () => (await containersOf(server().serverId, "db")).length === 2, {
    what: "the old release is gone",
    timeoutMs: 20_000,
  });
  assertEquals(await onNetworkOfDb("db"), [true, true]);
});

Deno.test("who is no peer any more does not find the name, and after isolated = false everybody does, both ways", async () => {
  succeeded(await db("other", "moved", 2));
  await until({ web: "nothing", other: "moved" });
  for (const scale of [0, 2]) {
    succeeded(await db("false", "open", scale));
    await until({ web: "open", other: "open" });
    await waitUntil(async () => !(await ownNetworks()).includes(server().names.ownNetwork("db")), {
      what: "the network of the isolated service is gone",
      timeoutMs: 20_000,
    });
    assertEquals(await onNetworkOfDb("other"), [false]);
    succeeded(await db("other", "shut", scale));
    await until({ web: "nothing", other: "shut" });
  }
});

Deno.test("a deploy that fails leaves the name to those who had it", async () => {
  succeeded(await db("web", "kept"));
  const options = { isolated: "other", port: 5000 };
  const ran = await server().deploy({ name: "db", options, app: { EXIT_NOW: "3" } });
  assertEquals(ran.code, 5, ran.stderr);
  assertEquals(await answers("web", "other"), { web: "kept", other: "nothing" });
  assertEquals([await onNetworkOfDb("web"), await onNetworkOfDb("other")], [[true], [false]]);
});

Deno.test("after kill -9 of the daemon the right services find the name, and nothing else is left", async () => {
  succeeded(await db("web", "before"));
  const deploy = db("other", "after", 1);
  await waitUntil(async () => (await onNetworkOfDb("other"))[0], {
    what: "the new peer is connected",
    timeoutMs: 20_000,
    intervalMs: 10,
  });
  Deno.kill(await server().daemonPid(), "SIGKILL");
  await within(deploy, { what: "the command ends", timeoutMs: 60_000 });
  await server().untilDaemonAnswers();
  const { web } = await answers("web");
  await until(web === "nothing" ? { web, other: "after" } : { web: "before", other: "nothing" });
  assertEquals([...await onNetworkOfDb("web"), ...await onNetworkOfDb("other")], [
    web !== "nothing",
    web === "nothing",
  ]);
  assertEquals((await ownNetworks()).length, 2, "those of db and walled");
});

Deno.test("stop and start keep an isolated service isolated, remove leaves nothing of it", async () => {
  succeeded(await db("web", "again"));
  succeeded(await server().run(["stop", "db"]));
  succeeded(await server().run(["start", "db"]));
  await until({ web: "again", other: "nothing" });
  succeeded(await server().run(["remove", "db"]));
  assertEquals(await ownNetworks(), [server().names.ownNetwork("walled")]);
  assertEquals(await onNetworkOfDb("web"), [false]);
});

Deno.test("a service that names itself or no service is an error before anything changes", async () => {
  const itself = await db("db", "x");
  assertEquals(itself.code, 2);
  assertStringIncludes(itself.stderr, '"db" is this service itself');
  const wrong = await db("web server", "x");
  assertStringIncludes(wrong.stderr, 'names "web server", which is not a service name');
});
