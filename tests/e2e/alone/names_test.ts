import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { containersOf, exec } from "../engine.ts";
import { Load } from "../load.ts";
import { type Ran, sharedServer, succeeded } from "../lab.ts";

const server = sharedServer();

/** The service that others ask by its name. It is ready a second after it listens; until then it says so with a 503. */
function db(text: string, options: Readonly<Record<string, string | number>> = {}): Promise<Ran> {
  return server().deploy({
    name: "db",
    options: { scale: 2, port: 5000, healthcheck: "/health 200ms", "drain-timeout": "5s", ...options },
    app: { TEXT: text, PORT: "5000", HEALTHY: "1s" },
  });
}

/** Waits until the old release is gone. */
async function replicas(count: number): Promise<void> {
  await waitUntil(async () => (await containersOf(server().serverId, "db")).length === count, {
    what: `the database has ${count} containers`,
    timeoutMs: 20_000,
  });
}

async function deployAsker(): Promise<void> {
  succeeded(await server().deploy({ name: "asker", options: { domain: "asker.test" }, from: "busybox:latest" }));
}

/** A container of the service that asks, with a shell. */
async function asker(): Promise<string> {
  const [container] = await containersOf(server().serverId, "asker");
  return container?.Id ?? "";
}

async function shell(script: string): Promise<string> {
  return (await exec(await asker(), ["sh", "-c", script])).output;
}

/** Begins what goes on behind: in a session of its own, or it would end with the terminal. */
async function behind(script: string): Promise<void> {
  await exec(await asker(), ["sh", "-c", 'trap "" HUP; setsid sh -c "$0" >/dev/null 2>&1 &', script]);
}

/** Asks by an address that was looked up a moment before, until there is /stop; counts in /asked and /failed. */
const ASK_LATE = `while [ ! -e /stop ]; do
  address=$(nslookup db 127.0.0.11 2>/dev/null | tail -n +3 | grep -oE '[0-9.]+$' | head -n 1)
  usleep 300000
  timeout 5 wget -q -O /dev/null http://$address:5000/health 2>/err || { echo "$address: $(cat /err)" >>/failed; }
  echo >>/asked
done`;

/** Requests of the asker to the database by its name, each over a new connection. */
function ask(path: string, rate: number): Load {
  const url = `${server().url}/fetch?url=${encodeURIComponent(`http://db:5000${path}`)}`;
  return new Load(url, { host: "asker.test", rate });
}

Deno.test("a name leads only to ready replicas during redeploys, also for who looked it up a moment before", async () => {
  await deployAsker();
  succeeded(await db("0"));
  const [page, health] = [ask("/", 60), ask("/health", 60)];
  await behind(ASK_LATE);
  for (const text of ["1", "2"]) succeeded(await db(text));
  await replicas(2);
  await shell("touch /stop");
  const [pages, healths] = [await page.stop(), await health.stop()];
  const late = (await shell("wc -l </asked")).trim();
  console.log(`${JSON.stringify(pages.bodies)}, ${healths.sent} asked whether they are ready, ${late} late`);
  assertEquals([pages.failures, healths.failures], [{}, {}]);
  assertEquals(healths.bodies, { "": healths.sent }, "nobody was led to one that is not ready");
  assertEquals(Object.keys(pages.bodies).sort(), ["0", "1", "2"]);
  assertEquals(await shell("cat /failed 2>/dev/null"), "");
  assertGreater(Number(late), 5);
});

/** Holds a connection to the database open on which nothing goes on, as a pool does. */
async function holdConnection(): Promise<void> {
  const address = "$(nslookup db 127.0.0.11 | tail -n +3 | grep -oE '[0-9.]+$' | head -n 1)";
  await shell("killall nc 2>/dev/null");
  await behind(`[ -e /idle ] || mkfifo /idle; nc ${address} 5000 <>/idle`);
  await waitUntil(async () => /:5000 +ESTABLISHED/.test(await shell("netstat -tn")), {
    what: "the connection is open",
    timeoutMs: 5000,
  });
}

Deno.test("the idle connection of a pool holds a drain up for drain-timeout, no longer, and the log says so", async () => {
  const said = String.raw`db\.\d+\.1 still had 1 connection after 2 s \(mypaas\.drain-timeout\); they are cut`;
  await deployAsker();
  succeeded(await db("pool", { scale: 1, "drain-timeout": "2s" }));
  await replicas(1);
  await holdConnection();
  succeeded(await db("start-first", { scale: 1, "drain-timeout": "2s" }));
  await replicas(1);
  assertMatch(await server().daemonOutput(), new RegExp(`db: ${said}`));

  await holdConnection();
  const { stderr } = succeeded(await db("stop-first", { scale: 0, "drain-timeout": "2s" }));
  assertMatch(stderr, new RegExp(`warning: ${said}`));
  assertEquals((await server().get("asker.test", "/fetch?url=http://db:5000/")).text, "stop-first");
});
