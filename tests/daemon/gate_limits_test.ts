import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { limitedGate, readOn } from "../../src/daemon/gate_limits.ts";
import { serveUnix } from "../../src/host/serve_unix.ts";

const ASK = () => new Request("http://daemon/v1/hello");
const LIMITS = { requests: 2, requestsPerSecond: 10, burst: 100 };

Deno.test("a gate takes so many requests at once, and a place is free again when an answer has ended", async () => {
  const streams: ReadableStreamDefaultController[] = [];
  const open = () => new ReadableStream({ start: (controller) => void streams.push(controller) });
  const told: string[] = [];
  const gate = limitedGate(() => Promise.resolve(new Response(open())), {
    clock: () => 0,
    onRefused: (sentence) => told.push(sentence),
    limits: LIMITS,
  });
  const [first, second] = [await gate(ASK()), await gate(ASK())];
  const refused = await gate(ASK());
  assertEquals(refused.status, 429);
  assertStringIncludes(await refused.text(), "Cannot take the request: the daemon has too many");
  await second.body?.cancel();
  const third = await gate(ASK());
  assertEquals(third.status, 200);
  for (const stream of [streams[0], streams[2]]) stream?.close();
  await Promise.all([first.text(), third.text()]);
  assertEquals(told, ["Cannot take the request: the daemon has too many"]);
});

Deno.test("a place is free again when the handler fails", async () => {
  let failures = 0;
  const gate = limitedGate(() => Promise.reject(new Error("a bug")), {
    clock: () => 0,
    onRefused: () => {},
    limits: LIMITS,
  });
  for (let n = 0; n < 5; n++) await gate(ASK()).catch(() => failures++);
  assertEquals(failures, 5);
});

Deno.test("a gate takes a burst, then so many a second, and says once a minute that it refuses", async () => {
  let now = 0;
  const told: number[] = [];
  const gate = limitedGate(() => Promise.resolve(new Response(null)), {
    clock: () => now,
    onRefused: () => told.push(now),
    limits: LIMITS,
  });
  const taken = async (count: number) => {
    let sum = 0;
    for (let n = 0; n < count; n++) if ((await gate(ASK())).status === 200) sum++;
    return sum;
  };
  assertEquals(await taken(150), 100);
  now = 1000;
  assertEquals(await taken(150), 10);
  now = 59_000;
  assertEquals(await taken(150), 100);
  assertEquals(told, [0]);
  now = 61_000;
  assertEquals(await taken(50), 20);
  assertEquals(told, [0, 61_000]);
});

Deno.test("a body that nobody wants is read on, so that its sender has the answer", async () => {
  const path = `${await Deno.makeTempDir()}/gate.sock`;
  const refusing = limitedGate(() => Promise.resolve(new Response(null)), {
    clock: () => 0,
    onRefused: () => {},
    limits: { ...LIMITS, burst: 0 },
  });
  const server = await serveUnix({ path, mode: 0o600 }, refusing);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  try {
    for (let n = 0; n < 40; n++) {
      const body = new Uint8Array(300_000);
      const response = await fetch("http://daemon/v1/deploy", { client, method: "POST", body });
      assertEquals(response.status, 429);
      await response.body?.cancel();
    }
  } finally {
    client.close();
    await server.close();
  }
});

Deno.test("a body that does not end is not read for ever", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
    cancel: () => void (cancelled = true),
  });
  await readOn(new Request("http://daemon/", { method: "POST", body: endless }));
  assert(cancelled);
});
