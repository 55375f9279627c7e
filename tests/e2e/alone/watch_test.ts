import { assert, assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { containersOf, inspect, killContainer } from "../engine.ts";
import { exitsSince } from "../exits.ts";
import { jsonLines, sharedServer, succeeded } from "../lab.ts";
import { routed } from "../routed.ts";

const server = sharedServer();
const RATE = 120;

async function history(service: string) {
  return jsonLines(succeeded(await server().run(["history", service, "--json"])));
}

function ifTimedOut(error: unknown): undefined {
  if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
}

Deno.test("of three replicas one is killed twice, and no more fails than was in flight", async () => {
  const options = { domain: "trio.test", scale: 3 };
  succeeded(await server().push({ name: "trio", options, app: { TEXT: "trio", DELAY: "20ms" } }));
  const load = server().load("trio.test", RATE, 20);
  for (let kills = 1; kills <= 2; kills++) {
    const [victim] = await containersOf(server().serverId, "trio");
    assert(victim !== undefined);
    await killContainer(victim.Id);
    await waitUntil(async () => {
      const { State } = await inspect(victim.Id);
      return State.Running && State.StartedAt !== victim.State.StartedAt;
    }, { what: "the killed replica runs again", timeoutMs: 15_000, intervalMs: 50 });
    // Back in the route before the next one is killed, or two would be away at once.
    await waitUntil(async () => await routed(server(), "trio") === 3, {
      what: "all three are routed",
      timeoutMs: 15_000,
    });
  }
  const { sent, failed, failures, p99 } = await load.finished();
  console.log(`${sent} sent, ${failed} failed in 2 kills, p99 ${p99.toFixed(0)} ms`);
  assertLessOrEqual(failed, 6, JSON.stringify(failures));
});

Deno.test("the only replica is killed, and visitors wait until it is back", async () => {
  succeeded(
    await server().push({ name: "solo", options: { domain: "solo.test" }, app: { TEXT: "solo", BOOT: "500ms" } }),
  );
  const [only] = await containersOf(server().serverId, "solo");
  assert(only !== undefined);
  await killContainer(only.Id);
  const before = performance.now();
  assertEquals(await server().get("solo.test"), { status: 200, text: "solo" });
  const waited = performance.now() - before;
  console.log(`waited ${waited.toFixed(0)} ms for an app that boots for 500 ms`);
  assertLessOrEqual(waited, 2000);
});

/** The issue's own figure is 10s; it takes twice that. */
const CRASH_AFTER = Deno.env.get("MYPAAS_TEST_CRASH_AFTER") ?? "2s";

Deno.test("a release that crashes again after its commit is taken back within 5 s, push --wait exits 5, ps and history say so", async () => {
  const fickle = (text: string, app: Record<string, string> = {}) => ({
    name: "fickle",
    options: { domain: "fickle.test", scale: 1 },
    app: { TEXT: text, ...app },
  });
  succeeded(await server().push(fickle("good")));
  const began = Date.now();
  const ran = await server().push(fickle("bad", { EXIT_AFTER: CRASH_AFTER, EXIT_CODE: "9" }), "--wait");
  assertEquals(ran.code, 5, ran.stderr);
  assertStringIncludes(ran.stdout, "fickle is live: release 2");
  assertStringIncludes(
    ran.stderr,
    'Cannot keep release 2 of "fickle": fickle.2.1 ended twice, the last time with exit code 9',
  );
  assertStringIncludes(ran.stderr, "release 3 serves");
  assertEquals(await server().get("fickle.test"), { status: 200, text: "good" });
  const exits = (await exitsSince(server().serverId, began)).filter(({ exitCode }) => exitCode === 9);
  const releases = await history("fickle");
  const rows = releases.map(({ release, status, what }) => `${release} ${status} ${what}`);
  assertEquals(rows, ["3 live rollback to 1, by itself", "2 retired deploy", "1 retired deploy"]);
  const back = Date.parse(String(releases[0]?.["endedAt"])) - (exits[1]?.at ?? 0);
  console.log(`live again ${(back / 1000).toFixed(1)} s after the second crash`);
  assertLessOrEqual(back, 5000);
  const why = "fickle\\.2\\.1 ended twice, the last time with exit code 9";
  assertMatch(succeeded(await server().run(["history", "fickle"])).stdout, new RegExp(`\\n {2}${why}\\n`));
  assertMatch(succeeded(await server().run(["ps"])).stdout, new RegExp(`\\n {2}release 2 taken back: ${why}\\n`));
});

Deno.test("a service in a crash loop answers 503 at once", async () => {
  const options = { domain: "loop.test" };
  succeeded(await server().push({ name: "loop", options, app: { TEXT: "loop", EXIT_AFTER: "700ms" } }));
  await waitUntil(async () => {
    // One that came before it was known waits on, and is not waited for here.
    const answer = await server().get("loop.test", "/", 1000).catch(ifTimedOut);
    return answer?.status === 503;
  }, { what: "the crash loop is refused at once", timeoutMs: 30_000 });
});
