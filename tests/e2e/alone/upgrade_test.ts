import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { waitUntil } from "../../../src/wait.ts";
import { containersOf, inspect } from "../engine.ts";
import { FileServer } from "../file_server.ts";
import { jsonLines, MYPAAS, type Ran, sharedServer, succeeded } from "../lab.ts";
import { CHECKOUT } from "../project.ts";
import { addRelease, compileVersion } from "../second_build.ts";

const { version: FIRST }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));
const SECOND = "7.1.0";
/** Its program does not even tell its version. */
const BROKEN = "7.2.0";
/** Its daemon changes the schema of the state, then ends. */
const FALLING = "7.3.0";

const server = sharedServer();
let folder = "";
/** The folder of releases without a web server. */
const releases = () => `file://${folder}/releases`;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mypaas-upgrade-" });
  const second = await compileVersion(`${folder}/build`, SECOND);
  await Deno.writeTextFile(`${folder}/broken`, "#!/bin/sh\necho 'it is broken' >&2\nexit 1\n", { mode: 0o755 });
  await compileVersion(`${folder}/build`, FALLING, [
    ["src/state/migrations.ts", "\n];", "\n  `CREATE TABLE of_the_future (x TEXT) STRICT`,\n];"],
    [
      "src/cli/run_daemon.ts",
      "using database = new Database(layout.database);",
      'using database = new Database(layout.database);\n  if (1 < 2) throw new MyPaasError("Cannot start the daemon: it falls");',
    ],
  ]);
  await addRelease(`${folder}/releases`, BROKEN, `${folder}/broken`);
  await addRelease(`${folder}/releases`, FIRST, `${folder}/broken`);
  await addRelease(`${folder}/releases`, SECOND, second);
});

Deno.test.afterAll(async () => {
  if (folder !== "") await Deno.remove(folder, { recursive: true });
});

function upgrade(...flags: string[]): Promise<Ran> {
  return server().run(["upgrade", ...flags]);
}

/** The versions that answer: the daemon on its socket, the receiver through Traefik. */
async function versions(): Promise<readonly unknown[]> {
  const client = Deno.createHttpClient({
    proxy: { transport: "unix", path: server().layout.daemonSocket },
    poolMaxIdlePerHost: 0,
  });
  try {
    const { version } = await (await fetch("http://daemon/v1/hello", { client })).json();
    const [answer] = jsonLines(succeeded(await server().client(["version", "--server", "lab", "--json"])));
    return [version, answer?.["server"]];
  } finally {
    client.close();
  }
}

/** What tells that containers were not touched. */
async function untouched(): Promise<readonly string[]> {
  const containers = [...await containersOf(server().serverId, "web"), await inspect(server().names.traefik)];
  return containers.map(({ Name, Id, State }) => `${Name} ${Id} ${State.StartedAt}`);
}

/** What lies beside the program. */
async function beside(): Promise<readonly string[]> {
  const { binary } = server().layout;
  const entries = await Array.fromAsync(Deno.readDir(binary.slice(0, binary.lastIndexOf("/"))));
  return entries.map(({ name }) => name).sort();
}

const WEB = { name: "web", options: { domain: "web.test", scale: 2 }, app: { TEXT: "hello", DELAY: "5ms" } };

Deno.test("upgrade under 100 requests/s: none fails, services and Traefik are not touched, pushes work afterwards", async () => {
  succeeded(await server().push(WEB));
  await using web = new FileServer(`${folder}/releases`);
  const checked = succeeded(await upgrade("--check", "--json", "--from", web.url));
  assertEquals(jsonLines(checked), [{ installed: FIRST, available: SECOND }]);
  const before = await untouched();
  const load = server().load("web.test", 100);
  const began = performance.now();
  const ran = succeeded(await upgrade("--from", web.url));
  console.log(`the upgrade took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const { sent, seconds, failures, p99, max } = await load.stop();
  console.log(`${sent} requests in ${seconds.toFixed(1)} s, p99 ${p99.toFixed(0)} ms, max ${max.toFixed(0)} ms`);
  assertEquals(failures, {});
  assertStringIncludes(ran.stdout, `upgraded mypaas from ${FIRST} to ${SECOND}`);
  assertEquals(await untouched(), before);
  assertEquals(await versions(), [SECOND, SECOND]);
  assertEquals(await beside(), ["mypaas"]);
  // The laptop still has the first version: both speak /v1/.
  succeeded(await server().push({ ...WEB, app: { TEXT: "again" } }));
  // The old release goes behind the answer of a push.
  await waitUntil(async () => (await containersOf(server().serverId, "web")).length === WEB.options.scale, {
    what: "only the last release is left",
    timeoutMs: 20_000,
    intervalMs: 100,
  });
  assertEquals((await server().get("web.test")).text, "again");
  assertStringIncludes(succeeded(await upgrade()).stdout, `nothing to do: this is ${SECOND}`);
});

Deno.test("a program that does not run, though its digest is right, changes nothing", async () => {
  const pid = await server().daemonPid();
  const ran = await upgrade("--from", releases(), "--to", BROKEN);
  assertEquals(ran.code, 1, ran.stderr);
  assertMatch(ran.stderr, /Cannot upgrade to 7\.2\.0: the program does not run here\n(.*\n)*.*it is broken/);
  assertEquals([await versions(), await server().daemonPid(), await beside()], [[SECOND, SECOND], pid, ["mypaas"]]);
});

Deno.test("a daemon that does not come up: program and state from before are put back and serve", async () => {
  const before = await untouched();
  const schema = () => {
    using database = new DatabaseSync(server().layout.database);
    return database.prepare("PRAGMA user_version").get()?.["user_version"];
  };
  const known = schema();
  const ran = await upgrade("--from", `${folder}/build/mypaas-${FALLING}`);
  assertEquals(ran.code, 5, ran.stderr);
  assertStringIncludes(ran.stderr, "Cannot upgrade to 7.3.0: Cannot start the daemon: it ends again and again");
  assertEquals([await versions(), schema(), await beside()], [[SECOND, SECOND], known, ["mypaas"]]);
  assertEquals(await untouched(), before);
  assertEquals(jsonLines(succeeded(await server().run(["ps", "--json"]))).map(({ service }) => service), ["web"]);
});

Deno.test("an upgrade that was cut off behind its rename is finished by the next one", async () => {
  const { binary } = server().layout;
  await Deno.rename(binary, `${binary}.old`);
  await Deno.copyFile(MYPAAS, binary);
  const ran = succeeded(await upgrade("--from", releases(), "--to", FIRST));
  assertStringIncludes(ran.stdout, `mypaas ${FIRST} runs now`);
  assertEquals([await versions(), await beside()], [[FIRST, FIRST], ["mypaas"]]);
});

Deno.test("upgrade waits for a deploy that goes on, and no other begins meanwhile", async () => {
  const dockerfile = await server().project({ name: "other", options: { scale: 1 } });
  const deploy = server().push({ ...WEB, app: { TEXT: "slow", BOOT: "2s" } });
  await waitUntil(async () => {
    const [web] = jsonLines(await server().run(["ps", "--json"]));
    return web?.["status"] === "deploying";
  }, { what: "the deploy goes on", timeoutMs: 20_000, intervalMs: 20 });
  const upgraded = upgrade("--from", `${folder}/build/mypaas-${SECOND}`);
  let refused: Ran | undefined;
  await waitUntil(async () => {
    refused = await server().run(["deploy", dockerfile, "--dry-run"]);
    return refused.code !== 0;
  }, { what: "the server takes no more work", timeoutMs: 20_000, intervalMs: 20 });
  assertStringIncludes(refused?.stderr ?? "", 'Cannot begin the deploy of "other": this server is being upgraded');
  succeeded(await deploy);
  const ran = succeeded(await upgraded);
  assertMatch(ran.stderr, /waiting for web\.\d+/);
  assertEquals([await versions(), (await server().get("web.test")).text], [[SECOND, SECOND], "slow"]);
});

Deno.test("a version that does not know the state's schema is refused before anything changes", async () => {
  const set = (version: number) => {
    using database = new DatabaseSync(server().layout.database);
    const { user_version: before } = database.prepare("PRAGMA user_version").get() ?? {};
    database.exec(`PRAGMA user_version = ${version}`);
    return Number(before);
  };
  const before = set(99);
  try {
    const ran = await upgrade("--from", MYPAAS);
    assertEquals(ran.code, 1, ran.stderr);
    assertStringIncludes(ran.stderr, `Cannot change to ${FIRST}: Cannot use the state`);
    assertStringIncludes(ran.stderr, "a newer version of MyPaas wrote it (schema 99, this one knows");
  } finally {
    set(before);
  }
  assertEquals([await versions(), await beside()], [[SECOND, SECOND], ["mypaas"]]);
  assert(before > 0);
});
