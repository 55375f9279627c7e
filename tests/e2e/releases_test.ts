import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { containersOf } from "./engine.ts";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

function shop(text: string, options: Readonly<Record<string, string | number>> = {}) {
  return { name: "shop", options: { domain: "shop.test", ...options }, app: { TEXT: text } };
}

async function page(path = "/"): Promise<string> {
  return (await server().get("shop.test", path)).text;
}

/** Waits until the old release has gone, which is behind the answer. */
async function containers(service: string, count: number) {
  return await waitUntil(async () => {
    const found = await containersOf(server().serverId, service);
    return found.length === count && found;
  }, { what: `${service} has ${count} containers`, timeoutMs: 15_000 });
}

Deno.test("rollback after three releases restores image, options and environment, and history tells it all", async () => {
  succeeded(await server().push(shop("one", { env: "COLOUR=red", scale: 1 })));
  const [first] = await containers("shop", 1);
  succeeded(await server().push(shop("two", { env: "COLOUR=blue", scale: 2 })));
  succeeded(await server().push(shop("three", { scale: 1 })));
  const broken = await server().push({ ...shop("four"), app: { EXIT_NOW: "7" } });
  assertEquals([broken.code, await page()], [5, "three"]);

  const ran = succeeded(await server().client(["rollback", "shop", "1", "--server", "lab"]));
  assertMatch(ran.stdout, /shop is live: release 5/);
  assertEquals(/\bRUN\b|\bCOPY\b|build shop/.test(ran.stderr), false, "nothing is built");
  assertEquals([await page(), await page("/env?name=COLOUR")], ["one", "red"]);
  const [again] = await containers("shop", 1);
  assertEquals(again?.Image, first?.Image);

  succeeded(await server().client(["rollback", "shop", "--server", "lab"]));
  assertEquals([await page(), await page("/env?name=COLOUR")], ["three", ""]);

  const history = jsonLines(succeeded(await server().client(["history", "shop", "--server", "lab", "--json"])));
  assertEquals(history.map(({ release, status, what }) => `${release} ${status} ${what}`), [
    "6 live rollback to 3",
    "5 retired rollback to 1",
    "4 failed deploy",
    "3 retired deploy",
    "2 retired deploy",
    "1 retired deploy",
  ]);
  assertMatch(String(history[0]?.["by"]), /^laptop /);
  const { stdout } = succeeded(await server().run(["history", "shop"]));
  assertMatch(stdout, /RELEASE +RESULT +WHAT +BY +WHEN +TOOK/);
  assertMatch(
    stdout,
    /\n4 +failed +deploy +laptop \(\w+\) +\d{4}-\d\d-\d\d \d\d:\d\dZ +\d+\.\d s\n {2}Cannot bring up/,
  );
});

Deno.test("restart replaces every container without a failed request, scale changes how many there are", async () => {
  const app = { name: "many", options: { domain: "many.test", scale: 2 }, app: { TEXT: "many" } };
  succeeded(await server().push(app));
  const before = (await containersOf(server().serverId, "many")).map(({ Id }) => Id);
  const load = server().load("many.test", 100);
  succeeded(await server().run(["restart", "many"]));
  const after = (await containers("many", 2)).map(({ Id }) => Id);
  succeeded(await server().run(["scale", "many", "3"]));
  await containers("many", 3);
  const report = await load.stop();
  assertEquals([report.failed, report.failures, report.sent > 100], [0, {}, true]);
  assertEquals(before.some((id) => after.includes(id)), false);
  const refused = await server().run(["scale", "many", "101"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, 'Cannot scale "many" to 101: it takes a number from 0 to 100');
});

Deno.test("a stopped service answers 503 at once and stays stopped; start brings it back", async () => {
  succeeded(await server().push({ name: "rest", options: { domain: "rest.test" }, app: { TEXT: "here" } }));
  assertEquals(
    succeeded(await server().run(["stop", "rest"])).stdout,
    "rest is stopped\n  start it with: mypaas start rest\n",
  );
  assertEquals((await server().get("rest.test")).status, 503);
  const ps = jsonLines(succeeded(await server().run(["ps", "--json"]))).find(({ service }) => service === "rest");
  assertEquals(ps?.["status"], "stopped");
  const [container] = await containersOf(server().serverId, "rest");
  assertEquals([container?.State.Running, container?.HostConfig.RestartPolicy.Name], [false, "no"]);
  succeeded(await server().run(["start", "rest"]));
  assertEquals(await server().get("rest.test"), { status: 200, text: "here" });
});

Deno.test("cancel ends a deploy that waits for a container, attach tells the same, and the old release serves", async () => {
  const slow = (boot: string) => ({
    name: "slow",
    options: { domain: "slow.test", scale: 1 },
    app: { TEXT: "old", BOOT: boot },
  });
  succeeded(await server().push(slow("0s")));
  const pushing = server().push(slow("10m"));
  await waitUntil(async () => {
    const history = jsonLines(await server().run(["history", "slow", "--json"]));
    return String(history[0]?.["step"]).startsWith("await-ready");
  }, { what: "the deploy waits for its container", timeoutMs: 20_000 });
  const attached = server().client(["attach", "slow", "--server", "lab"]);
  assertEquals(
    succeeded(await server().client(["cancel", "slow.2", "--server", "lab"])).stdout,
    "slow.2 is cancelled\n",
  );
  const pushed = await pushing;
  assertEquals(pushed.code, 1);
  assertMatch(pushed.stderr, /Cannot finish the deploy "slow\.2": laptop \(\w+\) cancelled it/);
  const seen = await attached;
  assertEquals(seen.code, 1);
  assertStringIncludes(seen.stderr, 'Cannot finish the deploy "slow.2"');
  assertEquals((await server().get("slow.test")).text, "old");
  await containers("slow", 1);
});

Deno.test("remove takes a service away and says where its volumes are, which stay", async () => {
  const options = { domain: "gone.test", volume: ["~/gone:/files", "data:/data"] };
  succeeded(await server().push({ name: "gone", options, app: { TEXT: "bye" } }));
  await server().get("gone.test", "/write?file=/files/a&text=kept");
  const { stdout } = succeeded(await server().client(["remove", "gone", "--server", "lab"]));
  const folder = `${server().root}/srv/mypaas/gone`;
  assertEquals(stdout.split("\n"), [
    "gone is removed",
    `  its volume is kept: ${folder}`,
    `  its volume is kept: the Docker volume ${server().names.volume("gone", "data")}`,
    "",
  ]);
  assertEquals(await Deno.readTextFile(`${folder}/a`), "kept");
  assertEquals((await server().get("gone.test")).status, 404);
  assertEquals([await containersOf(server().serverId, "gone"), (await server().run(["history", "gone"])).code], [
    [],
    1,
  ]);
  succeeded(await server().push({ name: "gone", options, app: { TEXT: "back" } }));
  assertEquals((await server().get("gone.test", "/read?file=/files/a")).text, "kept");
});
