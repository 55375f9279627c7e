import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { containersOf, look } from "./engine.ts";
import { onTerminal, piped } from "./input.ts";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";
import { waitUntil } from "../../src/wait.ts";

const server = sharedServer();

/** Every value of this file has it, so that one search finds any of them. */
const MARK = "hunter2-51c9e";

/** A service that takes `names` from its store. */
function project(name: string, ...names: readonly string[]) {
  return { name, options: { domain: `${name}.test`, env: names }, app: { TEXT: name } };
}

async function seen(service: string, name: string): Promise<string> {
  return (await server().get(`${service}.test`, `/env?name=${name}`)).text;
}

/** Writes a file, and gives its path. */
async function file(name: string, text: string): Promise<string> {
  const path = `${server().folder}/${name}`;
  await Deno.writeTextFile(path, text);
  return path;
}

async function imageIds(service: string): Promise<readonly string[]> {
  const containers = await containersOf(server().serverId, service);
  const looked = await Promise.all(containers.map(({ Id }) => look(`/containers/${Id}/json`)));
  return [...new Set(looked.map((text) => String(JSON.parse(text).Image)))];
}

Deno.test("a variable that is not stored is one error, from the laptop and on the server, and no release", async () => {
  const ran = await server().push(project("lacking", "PASSWORD"));
  assertEquals(ran.code, 1, ran.stderr);
  assertStringIncludes(
    ran.stderr,
    'error: Cannot deploy "lacking": its Dockerfile takes "PASSWORD" from the service\'s store, which lacks it\n' +
      "hint:  mypaas env set lacking PASSWORD",
  );
  assertEquals((await server().deploy(project("lacking", "PASSWORD"))).code, 1);
  assertNotEquals((await server().run(["history", "lacking"])).code, 0);
});

Deno.test("a stored value is in the container, and a changed one rolls out the same image without a build", async () => {
  const first = await piped(
    `${MARK} first\n`,
    ["env", "set", "blog", "PASSWORD", "--server", "lab"],
    server().laptop(),
  );
  assertStringIncludes(succeeded(first).stderr, "blog: PASSWORD is stored\nblog has no release yet");
  succeeded(await server().push(project("blog", "PASSWORD", "GREETING=hello")));
  assertEquals(await seen("blog", "PASSWORD"), `${MARK} first`);
  const before = await imageIds("blog");

  const path = await file("value", `${MARK} second\n`);
  const args = ["env", "set", "blog", "PASSWORD", "--from-file", path, "--server", "lab", "--json"];
  const lines = jsonLines(succeeded(await server().client(args)));
  assertEquals(await seen("blog", "PASSWORD"), `${MARK} second`);
  assertEquals(await seen("blog", "GREETING"), "hello");
  assertEquals(lines.find(({ kind }) => kind === "live")?.["release"], 2);
  assertEquals(lines.filter(({ kind }) => kind === "log"), [], "no line of a build");
  const steps = lines.filter(({ kind }) => kind === "step").map(({ text }) => String(text));
  assertEquals(steps.filter((text) => text.startsWith("build")), []);
  assertStringIncludes(steps[0] ?? "", "use the image of blog:1");
  await waitUntil(async () => (await containersOf(server().serverId, "blog")).length === 1, {
    what: "the old container is gone",
    timeoutMs: 20_000,
  });
  assertEquals(await imageIds("blog"), before, "the image is the same");
  const history = jsonLines(succeeded(await server().run(["history", "blog", "--json"])));
  assertEquals(history.map(({ release, what }) => [release, what]), [[2, "env PASSWORD"], [1, "deploy"]]);
  const again = jsonLines(succeeded(await server().push(project("blog", "PASSWORD", "GREETING=hello"), "--json")));
  assertEquals(again.find(({ kind }) => kind === "live")?.["alreadyLive"], true);
});

Deno.test("several values come from one file on the server, and what the release does not take is only stored", async () => {
  const path = await file("values.env", `# comment\nA=${MARK} a\nB=${MARK} b\n`);
  succeeded(await server().run(["env", "set", "many", "--env-file", path]));
  succeeded(await server().deploy(project("many", "A")));
  assertEquals(await seen("many", "A"), `${MARK} a`);
  const changed = await file("values.env", `B=${MARK} c\n`);
  const ran = succeeded(await server().run(["env", "set", "many", "--env-file", changed]));
  assertStringIncludes(ran.stderr, "many: B is stored\nrelease 1 does not take B");
  const stored = succeeded(await server().run(["env", "set", "many", "A", "--from-file", path, "--no-deploy"]));
  assertStringIncludes(stored.stderr, "nothing is rolled out: the next push takes the change");
  assertEquals(await seen("many", "A"), `${MARK} a`);
  assertEquals(jsonLines(await server().run(["history", "many", "--json"])).length, 1);
});

Deno.test("get gives the value back, list names, who and when, and unset removes", async () => {
  const path = await file("two lines", `${MARK} ü "x" $HOME\nline 2\n\n`);
  succeeded(await server().client(["env", "set", "kept", "KEY", "--from-file", path, "--server", "lab"]));
  for (
    const ran of [
      await server().run(["env", "get", "kept", "KEY"]),
      await server().client(["env", "get", "kept", "KEY", "--server", "lab"]),
    ]
  ) {
    assertEquals(succeeded(ran).stdout, `${MARK} ü "x" $HOME\nline 2\n\n`);
  }
  const list = succeeded(await server().run(["env", "list", "kept"]));
  assertMatch(list.stdout, /^NAME +SET BY +SET\nKEY +laptop \([0-9a-f]{16}\) +\d{4}-\d\d-\d\d \d\d:\d\dZ\n$/);
  succeeded(await server().client(["env", "unset", "kept", "KEY", "--server", "lab"]));
  assertEquals(succeeded(await server().run(["env", "list", "kept", "--json"])).stdout, "");
  const gone = await server().run(["env", "get", "kept", "KEY"]);
  assertEquals([gone.code, gone.stderr.split("\n")[0]], [1, 'error: Cannot read "KEY" of "kept": it is not set']);
});

Deno.test("a roll-out that fails leaves the old release, exits with 5 and says that the value stays", async () => {
  const good = await file("good.env", `EXIT_NOW=\nPASSWORD=${MARK}\n`);
  succeeded(await server().run(["env", "set", "fragile", "--env-file", good]));
  succeeded(await server().deploy(project("fragile", "EXIT_NOW", "PASSWORD")));
  const ran = await piped("3", ["env", "set", "fragile", "EXIT_NOW", "--server", "lab"], server().laptop());
  assertEquals(ran.code, 5, ran.stderr);
  assertStringIncludes(ran.stderr, "Release 1 still serves. The change stays stored: the next push takes it.");
  assertEquals(await seen("fragile", "PASSWORD"), MARK);
  assertEquals(succeeded(await server().run(["env", "get", "fragile", "EXIT_NOW"])).stdout, "3\n");
});

Deno.test("a value is never taken from the command line, and an error does not repeat it", async () => {
  const ran = await server().run(["env", "set", "blog", `PASSWORD=${MARK}`]);
  assertEquals(ran.code, 2);
  assertStringIncludes(ran.stderr, 'Cannot set "PASSWORD": a value on the command line is seen by others');
  assertEquals((ran.stdout + ran.stderr).includes(MARK), false);
  const empty = await server().run(["env", "set", "blog", "PASSWORD"]);
  assertEquals(empty.code, 2);
  assertStringIncludes(empty.stderr, 'Cannot set "PASSWORD": nothing came from standard input');
});

Deno.test("on a terminal the value is asked for and not shown", async () => {
  const shown = await onTerminal(["--root", server().root, "env", "set", "typed", "KEY"], [
    ["KEY: ", `wrong\x15${MARK} typed!\x7f\r`],
  ]);
  assertStringIncludes(shown, "typed: KEY is stored");
  assertEquals([shown.includes(MARK), shown.includes("wrong")], [false, false], shown);
  assertEquals(succeeded(await server().run(["env", "get", "typed", "KEY"])).stdout, `${MARK} typed\n`);
  const left = await onTerminal(["--root", server().root, "env", "set", "typed", "KEY"], [["KEY: ", "x\x03"]]);
  assertStringIncludes(left, "Cannot read the value: it was not given");
  assertEquals(succeeded(await server().run(["env", "get", "typed", "KEY"])).stdout, `${MARK} typed\n`);
});

Deno.test("no value is in what any command tells, in images and labels, in logs or in the audit", async () => {
  const commands = [
    ["ps"],
    ["ps", "--json"],
    ...["blog", "many", "fragile"].flatMap((service) => [
      ["env", "list", service],
      ["env", "list", service, "--json"],
      ["history", service],
      ["history", service, "--json"],
    ]),
    ["deploy", await server().project(project("blog", "PASSWORD", "GREETING=hello")), "--dry-run", "--json"],
  ];
  const told = new Map<string, string>();
  for (const args of commands) {
    const { stdout, stderr } = succeeded(await server().run(args));
    told.set(args.join(" "), stdout + stderr);
  }
  for (const service of ["blog", "many", "fragile"]) {
    for (const { Id, Config } of await containersOf(server().serverId, service)) {
      const { Image, Config: { Env } } = JSON.parse(await look(`/containers/${Id}/json`));
      assertStringIncludes(JSON.stringify(Env), MARK, "in the container's environment it is");
      told.set(`labels of ${service}`, JSON.stringify(Config.Labels));
      told.set(`image of ${service}`, await look(`/images/${Image}/json`));
      told.set(`docker history of ${service}`, await look(`/images/${Image}/history`));
    }
  }
  const { receiver, traefik } = server().names;
  told.set("log of the daemon", await server().daemonOutput());
  for (const name of [receiver, traefik]) {
    const log = await look(`/containers/${name}/logs?stdout=1&stderr=1`);
    told.set(`log of ${name}`, log);
    told.set(`container ${name}`, await look(`/containers/${name}/json`));
  }
  using database = new DatabaseSync(server().layout.database, { readOnly: true });
  const audit = JSON.stringify(database.prepare("SELECT * FROM audit").all());
  assertStringIncludes(audit, "blog PASSWORD", "the audit names the variable");
  told.set("audit", audit);
  told.set("specs", JSON.stringify(database.prepare("SELECT spec, origin, error FROM releases").all()));
  for (const [what, text] of told) assertEquals(text.includes(MARK), false, `${what}: ${text}`);
});

Deno.test("the state and the sealing key are closed to all but root", async () => {
  const { database, sealingKey } = server().layout;
  for (const path of [database, `${database}-wal`, `${database}-shm`, sealingKey]) {
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600, path);
  }
});
