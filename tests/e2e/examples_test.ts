import { assert, assertEquals, assertMatch } from "@std/assert";
import { BaseImages } from "./base_images.ts";
import { containersOf } from "./engine.ts";
import { exitsSince } from "./exits.ts";
import { type Ran, runProgram, sharedServer, succeeded } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

const APPS = ["go", "node", "python"] as const;
const EXAMPLES = `${CHECKOUT}/examples`;

let images: Promise<BaseImages> | undefined;
Deno.test.beforeAll(async () => {
  const names = (await Array.fromAsync(Deno.readDir(EXAMPLES))).map(({ name }) => name);
  images = BaseImages.of(names.map((name) => `${EXAMPLES}/${name}/Dockerfile`));
  images.catch(() => {}); // told by the hook that waits for it, while the server starts
});
Deno.test.afterAll(async () => await (await images)?.[Symbol.asyncDispose]());
const server = sharedServer();
Deno.test.beforeAll(async () => void await images);
const begin = new Date();

/** What a newcomer does: an empty folder, the example's files, a push in it. */
async function pushExample(name: string, ...flags: string[]): Promise<Ran> {
  const folder = `${server().folder}/${name}`;
  await Deno.mkdir(folder).catch(() => {});
  for await (const file of Deno.readDir(`${EXAMPLES}/${name}`)) {
    const target = `${folder}/${file.name}`;
    if (!await exists(target)) await Deno.copyFile(`${EXAMPLES}/${name}/${file.name}`, target);
  }
  return await runProgram(["push", "lab", ...flags], server().laptop(), { cwd: folder });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** The page of an example as a visitor sees it. */
async function visit(name: string): Promise<{ readonly text: string; readonly number: number }> {
  const { status, text } = await server().get(`hello-${name}.localhost`);
  assertEquals(status, 200, text);
  return { text, number: Number(/visit number (\d+)\n$/.exec(text)?.[1]) };
}

Deno.test("apps that are pushed before their database come up, and the page says what it lacks", async () => {
  succeeded(await pushExample("python"));
  const early = server().get("hello-python.localhost");
  for (const ran of await Promise.all([pushExample("go"), pushExample("node"), pushExample("hello")])) succeeded(ran);
  assertMatch((await server().get("hello.localhost")).text, /Hello from MyPaas/);
  const { status, text } = await early;
  assertEquals(status, 503);
  assertMatch(text, /^No answer from the database: /);
});

Deno.test("the database comes up, and the Go, Node and Python apps count their visits in it", async () => {
  succeeded(await pushExample("database"));
  for (const [name, language] of [["go", "Go"], ["node", "Node"], ["python", "Python"]] as const) {
    assertEquals((await visit(name)).text, `Hello from ${language}, visit number 1\n`);
    assertEquals((await visit(name)).number, 2);
  }
  assertEquals((await containersOf(server().serverId, "hello-go")).length, 2);
});

for (const [name, file] of [["go", "main.go"], ["node", "app.mjs"], ["python", "app.py"]] as const) {
  Deno.test(`a changed line of the ${name} app is pushed under load: no visit fails, none is counted twice`, async () => {
    const path = `${server().folder}/${name}/${file}`;
    const text = await Deno.readTextFile(path);
    // A new word in every run, so that no cache of an earlier run has the build.
    const greeting = `Hello ${crypto.randomUUID()} from`;
    await Deno.writeTextFile(path, text.replace("Hello from", greeting));
    const before = await visit(name);
    const load = server().load(`hello-${name}.localhost`, 20);
    succeeded(await pushExample(name));
    const { sent, failed, failures, bodies } = await load.stop();
    const after = await visit(name);
    assertEquals([failed, failures], [0, {}]);
    assertEquals([before.text.startsWith("Hello from"), after.text.startsWith(greeting)], [true, true]);
    assertEquals(after.number, before.number + sent + 1);
    assertEquals(Object.keys(bodies).length, sent, "every visit has a number of its own");
  });
}

Deno.test("a new release of the database keeps what it has, and visits wait for it", async () => {
  const before = await Promise.all(APPS.map(visit));
  const loads = APPS.map((name) => server().load(`hello-${name}.localhost`, 10));
  succeeded(await pushExample("database", "--force"));
  const reports = await Promise.all(loads.map((load) => load.stop()));
  for (const [index, { sent, failed, failures }] of reports.entries()) {
    assertEquals([failed, failures], [0, {}]);
    const [name = "go", earlier] = [APPS[index], before[index]];
    const { number } = await visit(name);
    // One that was counted, but not answered any more, is counted again.
    assert(earlier !== undefined && number > earlier.number + sent, `${name}: ${number}`);
  }
});

Deno.test("every app and the database end in order when they are told to", async () => {
  const ends = await exitsSince(server().serverId, begin.getTime());
  const exits = ends.map(({ service, exitCode }) => `${service} ${exitCode}`);
  assertEquals([...new Set(exits)].sort(), ["database 0", "hello-go 0", "hello-node 0", "hello-python 0"]);
});
