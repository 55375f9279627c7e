import { assert, assertEquals, assertFalse, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { containersOf, inspect, killContainer } from "../engine.ts";
import { jsonLines, type Ran, sharedServer, succeeded } from "../lab.ts";
import { systemCalls } from "../system_calls.ts";

const RATE = 100;

/** It runs the daemon itself, so that its calls can be watched, and it can be started on a disk that is read-only. */
const server = sharedServer({ supervisor: "none", diskSize: "64m" });

Deno.test.beforeAll(async () => {
  for (const ran of await Promise.all([0, 2].map((scale) => server().deploy(project(scale, "first"))))) succeeded(ran);
});

function project(scale: number, text: string, app: Record<string, string> = {}) {
  return { name: `scale${scale}`, options: { domain: `scale${scale}.test`, scale }, app: { TEXT: text, ...app } };
}

/** What the services answer. */
async function pages(): Promise<readonly string[]> {
  return await Promise.all([0, 2].map(async (scale) => (await server().get(`scale${scale}.test`)).text));
}

/** What the daemon has said since. */
async function newLog(from: number): Promise<string> {
  return (await Deno.readTextFile(server().daemonLog)).slice(from);
}

/** The error and its hint, as they were printed. */
function told({ stderr }: Ran): readonly string[] {
  return stderr.split("\n").filter((line) => /^(error|hint):/.test(line));
}

/** The newest first. */
async function releases(service: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return jsonLines(succeeded(await server().run(["history", service, "--json"])));
}

for (
  const [what, kill] of [
    ["kill -9 of its process", (pid: number) => Promise.resolve(Deno.kill(pid, "SIGKILL"))],
    ["docker kill", () => killContainer(server().names.traefik)],
  ] as const
) {
  Deno.test(`Traefik comes back by itself after ${what}, with its routes`, async () => {
    const load = server().load("scale2.test", RATE);
    const { State } = await inspect(server().names.traefik);
    const begin = performance.now();
    await kill(State.Pid);
    await waitUntil(async () => (await inspect(server().names.traefik)).State.StartedAt !== State.StartedAt, {
      what: "Traefik is started again",
      timeoutMs: 10_000,
    });
    await waitUntil(async () => (await server().get("scale2.test").catch(() => undefined))?.status === 200, {
      what: "it serves",
      timeoutMs: 10_000,
    });
    const seconds = (performance.now() - begin) / 1000;
    const wholeAt = Date.now();
    assertEquals(await pages(), ["first", "first"]);
    const { sent, failed, longestGap, requests } = await load.stop();
    console.log(
      `${what}: ${failed} of ${sent} failed, longest gap ${longestGap.toFixed(0)} ms, back in ${seconds.toFixed(1)} s`,
    );
    assertEquals(requests.filter(({ at, ok }) => at > wholeAt && !ok), []);
    assertLessOrEqual(seconds, 10);
  });
}

for (
  const [what, harm] of [
    ["emptied", (path: string) => Deno.truncate(path)],
    ["cut in the middle", async (path: string) => await Deno.truncate(path, (await Deno.stat(path)).size / 2 | 0)],
    ["removed", (path: string) => Deno.remove(path)],
  ] as const
) {
  Deno.test(`a route file that somebody has ${what} is written again at once`, async () => {
    const { routesFile } = server().layout;
    const from = (await newLog(0)).length;
    const before = (await Deno.readTextFile(routesFile)).length;
    const load = server().load("scale0.test", RATE);
    await harm(routesFile);
    await waitUntil(async () => (await Deno.readTextFile(routesFile).catch(() => "")).length === before, {
      what: "the routes are written again",
      timeoutMs: 3000,
      intervalMs: 10,
    });
    const wholeAt = Date.now() + 500;
    await waitUntil(() => Date.now() > wholeAt + 200, { what: "some requests were sent", timeoutMs: 5000 });
    const { sent, failed, longestGap, requests } = await load.stop();
    console.log(`${what}: ${failed} of ${sent} failed, longest gap ${longestGap.toFixed(0)} ms`);
    assertEquals(requests.filter(({ at, ok }) => at > wholeAt && !ok), []);
    assertStringIncludes(await newLog(from), `somebody else changed ${routesFile}: it is written again`);
    assertEquals(await pages(), ["first", "first"]);
  });
}

Deno.test("on a full disk a deploy, a push and a restart fail with one sentence, and the old releases serve", async () => {
  await server().disk.fill();
  try {
    const runs = {
      deploy: await server().deploy(project(2, "full", { NEW: "1".repeat(100_000) })),
      push: await server().push(project(2, "full", { NEW: "2".repeat(100_000) })),
      restart: await server().run(["restart", "scale0"]),
    };
    for (const [command, ran] of Object.entries(runs)) {
      console.log(command, told(ran).join("\n  "));
      assertEquals(ran.code, 1, `${command}: ${ran.stderr}`);
      assertMatch(told(ran).join(" "), /^error: Cannot [^:]+: the disk is full hint: /);
    }
    assertEquals(await pages(), ["first", "first"]);
    const rows = jsonLines(succeeded(await server().run(["ps", "--json"]))).flat();
    assertEquals(rows.map(({ service, status, release }) => [service, status, release]), [
      ["scale0", "live", 1],
      ["scale2", "live", 1],
    ]);
  } finally {
    await server().disk.empty();
  }
  succeeded(await server().push(project(2, "space")));
  assertEquals(await pages(), ["first", "space"]);
});

/** Fills the disk while a new release boots. */
async function fillWhileBoots(scale: number): Promise<Ran> {
  const service = `scale${scale}`;
  const load = server().load(`${service}.test`, RATE);
  const deploy = server().deploy(project(scale, "boots", { BOOT: "1s" }));
  await waitUntil(async () => (await releases(service))[0]?.["step"]?.toString().startsWith("await-ready"), {
    what: "it boots",
    timeoutMs: 20_000,
  });
  await server().disk.fill();
  try {
    const ran = await deploy;
    console.log(ran.stdout, ran.stderr);
    return ran;
  } finally {
    await server().disk.empty();
    assertEquals((await load.stop()).failures, {});
  }
}

Deno.test("a disk that fills while a release boots, whose route is written already, does not keep it from being live", async () => {
  const ran = succeeded(await fillWhileBoots(0));
  assertMatch(
    ran.stderr,
    /warning: the new release is live, but Cannot write the routes into "[^"]+": the disk is full/,
  );
  assertEquals((await pages())[0], "boots");
  assertEquals((await releases("scale0")).map(({ status }) => status), ["live", "failed", "retired"]);
});

Deno.test("a disk that fills before the route is written leaves the old release serving, and the state right", async () => {
  const [, before] = await pages();
  const from = (await newLog(0)).length;
  const ran = await fillWhileBoots(2);
  assertEquals(ran.code, 1);
  assertMatch(
    told(ran).join(" "),
    /^error: Cannot write the routes into "[^"]+": the disk is full hint: .* Release 2 still serves\.$/,
  );
  assertEquals((await pages())[1], before);
  assertEquals((await releases("scale2")).map(({ status }) => status), ["failed", "live", "retired"]);
  assertEquals((await containersOf(server().serverId, "scale2")).length, 2);
  assertFalse((await newLog(from)).includes("somebody else"), "the daemon takes its own failure for nobody's change");
});

Deno.test("what a deploy relies on is synced before the next step: state, route file, stored parts", async () => {
  const { lib, routes, routesFile, database, blobs } = server().layout;
  const calls = await systemCalls(await server().daemonPid(), async () => {
    succeeded(await server().deploy(project(0, "synced")));
  });
  const writes = calls.filter(({ name }) => name.includes("write"));
  const syncs = calls.filter(({ name }) => name.endsWith("sync"));
  const renames = calls.filter(({ name, to }) => name.startsWith("rename") && to.startsWith(`${lib}/`));
  for (const { path, to, beginLine, endLine } of renames) {
    const written = Math.max(...writes.filter((write) => write.path === path).map((write) => write.endLine));
    const synced = syncs.some((sync) => sync.path === path && sync.beginLine > written && sync.endLine < beginLine);
    assert(synced, `${path} is synced before it becomes ${to}`);
    // A part whose name is lost is sent again.
    if (to.startsWith(blobs)) continue;
    const folder = to.slice(0, to.lastIndexOf("/"));
    assert(syncs.some((sync) => sync.path === folder && sync.beginLine > endLine), `the folder of ${to} is synced`);
  }
  const log = `${database}-wal`;
  const logWrites = writes.filter(({ path }) => path === log);
  const logSyncs = syncs.filter(({ path }) => path === log);
  const nextSync = (line: number) =>
    Math.min(...logSyncs.filter(({ beginLine }) => beginLine > line).map((sync) => sync.endLine));
  const toRoutes = renames.filter(({ to }) => to === routesFile);
  for (const { endLine } of logWrites) {
    const synced = nextSync(endLine);
    assert(synced < Infinity, "what is written to the log of the state is synced");
    const between = toRoutes.filter(({ beginLine }) => beginLine > endLine && beginLine < synced);
    assertEquals(between, [], "no route is changed before the state that says so is synced");
  }
  console.log(
    `${logWrites.length} writes to the log, ${logSyncs.length} syncs; ${renames.length} renames, of which ${toRoutes.length} are the routes`,
  );
  assert(toRoutes.length >= 2 && logSyncs.length >= 8 && renames.some(({ to }) => to.startsWith(blobs)), routes);
});

Deno.test({
  name: "a daemon whose disk is read-only ends with a sentence, services go on, and it starts when it can write",
  // The daemon of the file's server is another process afterwards.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await server().endDaemon("SIGTERM");
    await server().disk.setReadOnly(true);
    const before = await pages();
    try {
      const ran = await server().run(["daemon"]);
      assertEquals(ran.code, 1);
      assertMatch(told(ran).join(" "), /^error: Cannot open the state [^ ]+: the disk is mounted read-only hint: /);
      assertEquals(await pages(), before);
    } finally {
      await server().disk.setReadOnly(false);
    }
    await server().startDaemon();
    succeeded(await server().deploy(project(0, "written")));
    assertEquals((await pages())[0], "written");
  },
});
