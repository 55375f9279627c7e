import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import type { ReplicaRequest } from "../../src/deploy/runtime.ts";
import { MyPaasError } from "../../src/error.ts";
import { waitUntil } from "../../src/wait.ts";
import { docker, EngineBench } from "./bench.ts";

/** Sends back what it gets, on port 9000. */
const ECHO = "FROM busybox\nCMD exec nc -ll -p 9000 -e cat";
/** Writes the address behind the name `web` again and again, or `none` (Docker asks the machine's resolver, which may be slow). */
const ASKER = `FROM busybox
CMD while true; do timeout 1 nslookup web 127.0.0.11 2>/dev/null | tail -n +3 | grep -oE '[0-9.]+$' || echo none; sleep 0.1; done`;

async function start({ runtime }: EngineBench, replica: ReplicaRequest): Promise<void> {
  await runtime.create(replica);
  await runtime.start(replica.id);
}

/** Connects as soon as somebody listens. */
function connect(hostname: string): Promise<Deno.TcpConn> {
  return waitUntil(() => Deno.connect({ hostname, port: 9000 }).catch(() => undefined), {
    what: `${hostname} listens`,
    timeoutMs: 5000,
  });
}

/** Sends numbers over a connection and waits for each to come back, until told to end; gives the longest wait in ms. */
async function echoUntil(
  connection: Deno.TcpConn,
  ended: () => boolean,
): Promise<{ rounds: number; longestMs: number }> {
  let rounds = 0, longestMs = 0;
  const buffer = new Uint8Array(100);
  while (!ended()) {
    const text = `round ${rounds++}\n`;
    const sentAt = Date.now();
    await connection.write(new TextEncoder().encode(text));
    let got = "";
    while (got.length < text.length) {
      const count = await connection.read(buffer);
      assert(count !== null, "the connection was closed");
      got += new TextDecoder().decode(buffer.subarray(0, count));
    }
    assertEquals(got, text);
    longestMs = Math.max(longestMs, Date.now() - sentAt);
  }
  return { rounds, longestMs };
}

for (const ingress of [true, false]) {
  const where = ingress ? "on both networks" : "on the internal network only";
  Deno.test(`EngineRuntime.setNamed() gives and takes the name, and keeps open connections, ${where}`, async () => {
    await using bench = new EngineBench();
    await bench.addNetworks();
    const web = bench.replica((await bench.build("web", ECHO)).image, { ingress, host: 20 });
    const asker = bench.replica((await bench.build("asker", ASKER)).image, { service: "asker", host: 21, ingress });
    await start(bench, web);
    await start(bench, asker);

    using connection = await connect(web.internalAddress);
    let ended = false;
    const echo = echoUntil(connection, () => ended);
    echo.catch(() => {});
    const answer = async (wanted: string) => {
      const since = Date.now() / 1000;
      const logs = bench.runtime.logs(asker.id, { follow: true, since }, AbortSignal.timeout(10_000));
      for await (const { text } of logs) if (text === wanted) return;
      throw new Error(`the name "web" never led to "${wanted}"`);
    };
    try {
      await answer("none");
      for (let round = 0; round < 2; round++) {
        await bench.runtime.setNamed(web.id, true);
        await bench.runtime.setNamed(web.id, true);
        const named = await bench.runtime.inspect(web.id);
        assertEquals([named?.named, named?.internalAddress], [true, web.internalAddress]);
        await answer(web.internalAddress);
        await bench.runtime.setNamed(web.id, false);
        assertEquals((await bench.runtime.inspect(web.id))?.named, false);
        await answer("none");
      }
    } finally {
      ended = true;
    }
    const { rounds, longestMs } = await echo;
    assert(rounds > 20);
    assertLess(longestMs, 3000);
  });
}

Deno.test("EngineRuntime.setNamed() repairs a replica that was cut off between its two steps", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const web = bench.replica((await bench.build("web", ECHO)).image, { host: 20 });
  await start(bench, web);
  await docker("network", "disconnect", bench.names.networks.internal, bench.names.replica(web.id));
  assertEquals((await bench.runtime.inspect(web.id))?.internalAddress, undefined);
  await bench.runtime.setNamed(web.id, true);
  const state = await bench.runtime.inspect(web.id);
  assertEquals([state?.named, state?.internalAddress], [true, web.internalAddress]);
});

Deno.test("EngineRuntime.create() names a replica from the start when told", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const web = bench.replica((await bench.build("web", ECHO)).image, { named: true });
  await bench.runtime.create(web);
  assertEquals((await bench.runtime.inspect(web.id))?.named, true);
});

Deno.test("EngineRuntime.moveTo() puts a stopped replica at another ingress address, where it answers again", async () => {
  await using bench = new EngineBench();
  await bench.addNetworks();
  const web = bench.replica((await bench.build("web", ECHO)).image, { host: 20, named: true });
  await start(bench, web);
  const target = bench.address("ingress", 33);
  await assertRejects(() => bench.runtime.moveTo(web.id, target), MyPaasError, 'Cannot move "web.1.1"');
  await bench.runtime.stop(web.id, 0);
  await bench.runtime.moveTo(web.id, target);
  await bench.runtime.moveTo(web.id, target);
  await bench.runtime.start(web.id);
  const state = await bench.runtime.inspect(web.id);
  assertEquals(
    [state?.ingressAddress, state?.internalAddress, state?.named],
    [target, web.internalAddress, true],
  );
  using connection = await connect(target);
  let rounds = 0;
  await echoUntil(connection, () => ++rounds > 3);
});
