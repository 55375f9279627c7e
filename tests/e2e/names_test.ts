import { assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { containersOf, exec, look } from "./engine.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

/** The service that others ask by its name. It is ready a second after it listens; until then it says so with a 503. */
function db(text: string, options: Readonly<Record<string, string | number>> = {}): Promise<Ran> {
  return server().deploy({
    name: "db",
    options: { scale: 2, port: 5000, healthcheck: "/health 200ms", "drain-timeout": "5s", ...options },
    app: { TEXT: text, PORT: "5000", HEALTHY: "1s" },
  });
}

/** A container of the service that asks, with a shell. */
async function asker(): Promise<string> {
  const [container] = await containersOf(server().serverId, "asker");
  return container?.Id ?? "";
}

async function shell(script: string): Promise<string> {
  return (await exec(await asker(), ["sh", "-c", script])).output;
}

/** Writes what every answer was into /got, and every failure into /failed, until there is /stop. */
const ASK = `while [ ! -e /stop ]; do
  wget -q -T 5 -O /dev/null http://db:5000/health 2>/err.$$ || cat /err.$$ >>/failed
  wget -q -T 5 -O - http://db:5000/ 2>/err.$$ >>/got || cat /err.$$ >>/failed
  echo >>/got
done`;
/** The same by an address that was looked up a moment before. */
const ASK_LATE = `while [ ! -e /stop ]; do
  address=$(nslookup db 127.0.0.11 2>/dev/null | tail -n +3 | grep -oE '[0-9.]+$' | head -n 1)
  usleep 300000
  wget -q -T 5 -O /dev/null http://$address:5000/health 2>/err.$$ || { echo $address; cat /err.$$; } >>/failed
  echo late >>/got
done`;

Deno.test("a name leads only to ready replicas during redeploys, also for who looked it up a moment before", async () => {
  succeeded(await server().deploy({ name: "asker", options: { domain: "asker.test" }, from: "busybox:latest" }));
  succeeded(await db("0"));
  for (const script of [ASK, ASK, ASK_LATE]) await shell(`(${script}) >/dev/null 2>&1 &`);
  for (const text of ["1", "2", "3"]) {
    succeeded(await db(text));
    await waitUntil(async () => (await shell(`tail -n 20 /got`)).includes(text), {
      what: "the new one answers",
      timeoutMs: 10_000,
    });
  }
  await shell("touch /stop");
  await waitUntil(async () => (await containersOf(server().serverId, "db")).length === 2, {
    what: "the old ones are gone",
    timeoutMs: 15_000,
  });
  const answers: Record<string, number> = {};
  for (const line of (await shell("cat /got")).split("\n")) answers[line] = (answers[line] ?? 0) + 1;
  console.log(`answers by release: ${JSON.stringify(answers)}`);
  assertEquals(await shell("cat /failed 2>/dev/null"), "");
  for (const text of ["0", "1", "2", "3", "late"]) assertGreater(answers[text] ?? 0, 0, `${text} answered`);
});

/** Holds a connection to the database open on which nothing goes on, as a pool does. */
async function holdConnection(): Promise<void> {
  await shell("mkfifo /idle 2>/dev/null; nc db 5000 <>/idle >/dev/null 2>&1 &");
  await waitUntil(async () => (await shell("netstat -tn")).includes(":5000"), {
    what: "the connection is open",
    timeoutMs: 5000,
  });
}

Deno.test("the idle connection of a pool holds a drain up for drain-timeout, no longer, and the log says so", async () => {
  const said = " still had 1 connection after 2 s (mypaas.drain-timeout); they are cut";
  succeeded(await db("pool", { scale: 1, "drain-timeout": "2s" }));
  await holdConnection();
  const began = performance.now();
  succeeded(await db("start-first", { scale: 1, "drain-timeout": "2s" }));
  await waitUntil(async () => (await containersOf(server().serverId, "db")).length === 1, {
    what: "the old one is gone",
    timeoutMs: 15_000,
  });
  assertLess(performance.now() - began, 12_000);
  assertStringIncludes(await look(`/containers/${server().names.daemon}/logs?stdout=1&stderr=1`), `db: db.5.1${said}`);

  await waitUntil(async () => !(await shell("netstat -tn")).includes(":5000 "), {
    what: "the connection was cut",
    timeoutMs: 10_000,
  });
  await holdConnection();
  const { stderr } = succeeded(await db("stop-first", { scale: 0, "drain-timeout": "2s" }));
  assertStringIncludes(stderr, `warning: db.6.1${said}`);
  assertEquals((await shell("wget -q -O - http://db:5000/")).trim(), "stop-first");
});
