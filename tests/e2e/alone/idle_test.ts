import { assertEquals, assertLessOrEqual } from "@std/assert";
import { inspect } from "../engine.ts";
import { sharedServer, succeeded } from "../lab.ts";
import { cpuPerMinute, proportionalSetSize, untilQuiet } from "../processes.ts";

const server = sharedServer();
const WINDOW_SECONDS = 20;

Deno.test("daemon and receiver idle: at most 100 MB of memory and 0.5 s CPU per minute", async () => {
  succeeded(await server().push({ name: "quiet", options: { domain: "quiet.test" }, app: { TEXT: "quiet" } }));
  assertEquals((await server().get("quiet.test")).text, "quiet");
  const pids = [await server().daemonPid(), (await inspect(server().names.receiver)).State.Pid];
  // Idle begins when what the push left to do is done: the old replica gone, memory given back.
  await untilQuiet(pids);
  const perMinute = await cpuPerMinute(pids, WINDOW_SECONDS);
  const memory = (await Promise.all(pids.map(proportionalSetSize))).map((bytes) => bytes / 1e6);
  console.log(`PSS ${memory.map((one) => one.toFixed(1)).join(" + ")} MB, CPU ${perMinute.toFixed(2)} s per minute`);
  assertLessOrEqual(memory.reduce((sum, one) => sum + one, 0), 100);
  assertLessOrEqual(perMinute, 0.5);
});
