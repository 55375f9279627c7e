import { assertEquals, assertLessOrEqual } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { inspect } from "./engine.ts";
import { sharedServer, succeeded } from "./lab.ts";
import { cpuSeconds, proportionalSetSize } from "./processes.ts";

const server = sharedServer();
const WINDOW_SECONDS = 20;

Deno.test("daemon and receiver idle: at most 100 MB of memory and 0.5 s CPU per minute", async () => {
  succeeded(await server().push({ name: "quiet", options: { domain: "quiet.test" }, app: { TEXT: "quiet" } }));
  assertEquals((await server().get("quiet.test")).text, "quiet");
  const pids = [await server().daemonPid(), (await inspect(server().names.receiver)).State.Pid];
  const cpu = async () => (await Promise.all(pids.map(cpuSeconds))).reduce((sum, one) => sum + one, 0);

  // Idle begins when what the push left to do is done: the old replica gone, memory given back.
  let quiet = 0;
  let before = 0;
  await waitUntil(async () => {
    const now = await cpu();
    quiet = now - before < 0.02 ? quiet + 1 : 0;
    before = now;
    return quiet >= 3;
  }, { what: "the push is over", timeoutMs: 60_000, intervalMs: 3000 });

  const begin = performance.now();
  const used = await cpu();
  await waitUntil(() => performance.now() >= begin + WINDOW_SECONDS * 1000, {
    what: "the window is over",
    timeoutMs: (WINDOW_SECONDS + 10) * 1000,
    intervalMs: 1000,
  });
  const perMinute = (await cpu() - used) * 60_000 / (performance.now() - begin);
  const memory = (await Promise.all(pids.map(proportionalSetSize))).map((bytes) => bytes / 1e6);
  console.log(`PSS ${memory.map((one) => one.toFixed(1)).join(" + ")} MB, CPU ${perMinute.toFixed(2)} s per minute`);
  assertLessOrEqual(memory.reduce((sum, one) => sum + one, 0), 100);
  assertLessOrEqual(perMinute, 0.5);
});
