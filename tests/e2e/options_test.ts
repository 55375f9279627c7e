import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { type Container, containersOf, inspect, restartContainer } from "./engine.ts";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";
import { waitUntil } from "../../src/wait.ts";

const server = sharedServer();

/** Every address of a service's only container, as another container could try it. */
async function addressesOf(service: string): Promise<string[]> {
  const containers = await containersOf(server().serverId, service);
  return containers.flatMap((one) => Object.values(one.NetworkSettings.Networks).map(({ IPAddress }) => IPAddress));
}

/** The one container of a service that is left when the old one has gone, which is behind the answer of a push. */
async function onlyContainerOf(service: string): Promise<Container> {
  return await waitUntil(async () => {
    const [only, ...more] = await containersOf(server().serverId, service);
    return more.length === 0 && only;
  }, { what: `${service} has one container`, timeoutMs: 10_000 });
}

Deno.test("push puts a folder online under its domain, and a second push replaces it", async () => {
  const page = (text: string) => ({ name: "page", options: { domain: "page.test" }, app: { TEXT: text } });
  succeeded(await server().push(page("first")));
  assertEquals(await server().get("page.test"), { status: 200, text: "first" });
  const ran = succeeded(await server().push(page("second"), "--json"));
  assertEquals(await server().get("page.test"), { status: 200, text: "second" });
  const sent = jsonLines(ran).findLast(({ kind }) => kind === "sent");
  assertEquals(Number(sent?.["bytes"]) > 0 && Number(sent?.["bytes"]) < 100_000, true, "only what changed is sent");
  await onlyContainerOf("page");
});

Deno.test("push of what is live already changes nothing, and --force rolls it out again", async () => {
  const same = { name: "same", options: { domain: "same.test" }, app: { TEXT: "same" } };
  succeeded(await server().push(same));
  const [before] = await containersOf(server().serverId, "same");
  const again = jsonLines(succeeded(await server().push(same, "--json"))).find(({ kind }) => kind === "live");
  assertEquals(again?.["alreadyLive"], true);
  assertEquals((await containersOf(server().serverId, "same"))[0]?.Id, before?.Id);
  succeeded(await server().push(same, "--force"));
  assertNotEquals((await onlyContainerOf("same")).Id, before?.Id);
});

Deno.test("deploy on the server does the same without a login", async () => {
  succeeded(await server().deploy({ name: "local", options: { domain: "local.test" }, app: { TEXT: "here" } }));
  assertEquals(await server().get("local.test"), { status: 200, text: "here" });
});

Deno.test("--dry-run prints the steps and changes nothing", async () => {
  const ran = succeeded(await server().push({ name: "plan", options: { domain: "plan.test" } }, "--dry-run"));
  assertMatch(ran.stdout, /create plan\.1\.1/);
  assertMatch(ran.stdout, /commit 1/);
  assertEquals(await containersOf(server().serverId, "plan"), []);
  assertEquals((await server().get("plan.test")).status, 404);
});

Deno.test("a service answers on both of its domains, at a port other than 80", async () => {
  const options = { domain: ["one.test", "two.test"], port: 8123 };
  succeeded(await server().push({ name: "both", options, app: { TEXT: "both", PORT: "8123" } }));
  assertEquals(await server().get("one.test"), { status: 200, text: "both" });
  assertEquals(await server().get("two.test"), { status: 200, text: "both" });
});

Deno.test("a service with scale 3 is served by three containers", async () => {
  succeeded(await server().push({ name: "three", options: { domain: "three.test", scale: 3 }, app: { TEXT: "3" } }));
  assertEquals((await containersOf(server().serverId, "three")).length, 3);
  const hosts = new Set<string>();
  await waitUntil(async () => hosts.add((await server().get("three.test", "/host")).text).size === 3, {
    what: "all three replicas answer",
    timeoutMs: 10_000,
  });
  const summary = jsonLines(succeeded(await server().run(["ps", "--json"]))).flat();
  assertStringIncludes(JSON.stringify(summary), '"three.1.3"');
});

Deno.test("a service without domain is reached by name from another service and not from outside", async () => {
  succeeded(await server().push({ name: "hidden", options: { port: 5000 }, app: { TEXT: "inside", PORT: "5000" } }));
  succeeded(await server().push({ name: "front", options: { domain: "front.test" } }));
  const fetched = await server().get("front.test", `/fetch?url=${encodeURIComponent("http://hidden:5000/")}`);
  assertEquals(fetched, { status: 200, text: "inside" });
  for (const host of ["hidden", "hidden.test", "hidden.localhost"]) {
    assertEquals((await server().get(host)).status, 404);
  }
  const [container] = await containersOf(server().serverId, "hidden");
  assertEquals(Object.keys(container?.NetworkSettings.Networks ?? {}), [server().names.networks.internal]);
});

Deno.test("env values reach the app as they are written", async () => {
  const value = `a=b "c" $HOME #d`;
  succeeded(await server().push({ name: "vars", options: { domain: "vars.test", env: [`SIMPLE=1`, `ODD=${value}`] } }));
  assertEquals((await server().get("vars.test", "/env?name=SIMPLE")).text, "1");
  assertEquals((await server().get("vars.test", "/env?name=ODD")).text, value);
});

Deno.test("a file in a volume is there after a redeploy, a docker restart and a restart of the daemon", async () => {
  const keeper = (text: string) => ({
    name: "keeper",
    options: { domain: "keeper.test", volume: ["data:/data", "~/keeper:/bind"] },
    app: { TEXT: text },
  });
  await Deno.mkdir(`${server().layout.defaultVolumes}/keeper`, { recursive: true });
  const readBoth = async () => {
    const answers = await Promise.all(
      ["/data", "/bind"].map((dir) => server().get("keeper.test", `/read?file=${dir}/f`)),
    );
    return answers.map(({ text }) => text);
  };
  succeeded(await server().push(keeper("first")));
  for (const dir of ["/data", "/bind"]) {
    assertEquals((await server().get("keeper.test", `/write?file=${dir}/f&text=kept${dir}`)).status, 200);
  }
  assertEquals(await Deno.readTextFile(`${server().layout.defaultVolumes}/keeper/f`), "kept/bind");

  succeeded(await server().push(keeper("second")));
  assertEquals((await server().get("keeper.test")).text, "second");
  assertEquals(await readBoth(), ["kept/data", "kept/bind"]);

  await restartContainer((await onlyContainerOf("keeper")).Id);
  assertEquals(await readBoth(), ["kept/data", "kept/bind"], "after docker restart: the hold waits for it");

  await server().endDaemon("SIGTERM");
  await server().startDaemon();
  assertEquals(await readBoth(), ["kept/data", "kept/bind"]);
  succeeded(await server().push(keeper("third")));
  assertEquals(await readBoth(), ["kept/data", "kept/bind"]);
});

Deno.test("a wrong option is an error that names file, line, value and what is allowed", async () => {
  const ran = await server().push({ name: "wrong", options: { domain: "wrong.test", scale: "many" } });
  assertEquals(ran.code, 2, ran.stderr);
  assertStringIncludes(ran.stderr, "Dockerfile");
  assertStringIncludes(ran.stderr, '"many"');
});

Deno.test("two services cannot have the same domain", async () => {
  succeeded(await server().push({ name: "owner", options: { domain: "owned.test" }, app: { TEXT: "owner" } }));
  const ran = await server().push({ name: "thief", options: { domain: "owned.test" }, app: { TEXT: "thief" } });
  assertNotEquals(ran.code, 0);
  assertStringIncludes(ran.stderr, '"owner"');
  assertEquals((await server().get("owned.test")).text, "owner");
});

Deno.test("ps tells what runs, on the server and from the laptop", async () => {
  const there = succeeded(await server().run(["ps"]));
  const here = succeeded(await server().client(["ps", "--server", "lab"]));
  for (const { stdout } of [there, here]) assertMatch(stdout, /both.*\blive\b/);
  const addresses = await addressesOf("both");
  assertEquals(addresses.length, 2);
});

Deno.test("logs tells what a service printed, on the server and from the laptop, with --tail", async () => {
  const there = succeeded(await server().run(["logs", "both"]));
  assertStringIncludes(there.stdout, "app starts");
  assertStringIncludes(there.stdout, "app listens on 0.0.0.0:8123");
  const here = succeeded(await server().client(["logs", "both", "--server", "lab", "--tail", "1"]));
  assertStringIncludes(here.stdout, "app listens on");
  assertEquals(here.stdout.trim().split("\n").length, 1);
});

Deno.test("init again changes nothing and restarts nothing", async () => {
  const ids = async () => {
    const { traefik, receiver } = server().names;
    const containers = await Promise.all([traefik, receiver].map(inspect));
    return [...containers.map(({ Id, State }) => `${Id} ${State.Pid}`), await server().daemonPid()];
  };
  const before = await ids();
  succeeded(await server().init());
  assertEquals(await ids(), before);
  assertEquals((await server().get("both.test")).status, 404);
  assertEquals((await server().get("one.test")).text, "both");
});
