import { assertEquals } from "@std/assert";
import { DeployLog } from "../../src/daemon/deploy_log.ts";
import type { DeployEvent } from "../../src/wire/events.ts";

const END: DeployEvent = { kind: "failed", deploy: "blog.1", error: { kind: "build", message: "no" } };

async function texts(log: DeployLog, after = 0): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const event of log.follow(after, new AbortController().signal)) seen.push(`${event.seq} ${event.kind}`);
  return seen;
}

Deno.test("a log can be followed while it grows, by several, and from any point", async () => {
  const log = new DeployLog(() => new Date(0));
  const first = texts(log);
  log.add({ kind: "warning", text: "a" });
  const second = texts(log, 1);
  await Promise.resolve();
  log.add({ kind: "warning", text: "b" });
  log.add(END);
  assertEquals(await first, ["1 warning", "2 warning", "3 failed"]);
  assertEquals(await second, ["2 warning", "3 failed"]);
  assertEquals(await texts(log, 3), []);
});

Deno.test("nothing is added after the end", async () => {
  const log = new DeployLog(() => new Date(0));
  log.add(END);
  log.add({ kind: "warning", text: "late" });
  assertEquals(await texts(log), ["1 failed"]);
});

Deno.test("a log is bounded, and its end is kept", async () => {
  const log = new DeployLog(() => new Date(0));
  for (let i = 0; i < 30_000; i++) log.add({ kind: "log", step: "", text: "x" });
  log.add(END);
  const seen = await texts(log);
  assertEquals(seen.length, 20_002);
  assertEquals(seen.slice(-2), ["20001 warning", "20002 failed"]);
});

Deno.test("a log of long lines is bounded as well", async () => {
  const log = new DeployLog(() => new Date(0));
  for (let i = 0; i < 100; i++) log.add({ kind: "log", step: "", text: "x".repeat(1 << 16) });
  log.add(END);
  assertEquals((await texts(log)).slice(-2), ["33 warning", "34 failed"]);
});

Deno.test("following ends when it is aborted", async () => {
  const log = new DeployLog(() => new Date(0));
  const controller = new AbortController();
  const seen: number[] = [];
  const following = (async () => {
    for await (const event of log.follow(0, controller.signal)) seen.push(event.seq);
  })();
  log.add({ kind: "warning", text: "a" });
  controller.abort();
  await following;
  assertEquals(seen.length <= 1, true);
});
