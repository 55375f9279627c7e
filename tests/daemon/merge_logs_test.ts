import { assertEquals, assertRejects } from "@std/assert";
import { type LogSource, mergeLogs } from "../../src/daemon/merge_logs.ts";
import type { LogLine } from "../../src/deploy/runtime.ts";
import { waitUntil } from "../../src/wait.ts";

const NEVER_ABORTED = new AbortController().signal;
const NEVER = new Promise<never>(() => {});

function line(replica: string, second: number): LogLine {
  return { replica, stream: "stdout", time: `2026-11-22T10:00:0${second}.000000000Z`, text: `${replica} ${second}` };
}

/** The log of one replica. @param seconds of its lines */
function source(name: string, ...seconds: readonly number[]): LogSource {
  return {
    name,
    lines: async function* () {
      for (const second of seconds) yield await Promise.resolve(line(name, second));
    },
  };
}

async function texts(sources: readonly LogSource[], ordered: boolean): Promise<readonly string[]> {
  const seen = await Array.fromAsync(mergeLogs(sources, { ordered, signal: NEVER_ABORTED }));
  return seen.map((line) => line.kind === "line" ? line.text : `end ${line.lines}`);
}

Deno.test("mergeLogs() puts logs that end in the order of time", async () => {
  const sources = [source("a", 1, 4, 5), source("b", 0, 2), source("c", 3)];
  assertEquals(await texts(sources, true), ["b 0", "a 1", "b 2", "c 3", "a 4", "a 5", "end 6"]);
});

Deno.test("mergeLogs() keeps the order within one replica when times are equal", async () => {
  const same = {
    name: "a",
    lines: async function* () {
      for (const text of ["1", "2", "3"]) yield await Promise.resolve({ ...line("a", 0), text });
    },
  };
  assertEquals(await texts([same], true), ["1", "2", "3", "end 3"]);
});

Deno.test("mergeLogs() gives lines as they come when they are followed, and none is lost", async () => {
  const seen = await texts([source("a", 5, 1), source("b", 3)], false);
  assertEquals(seen.at(-1), "end 3");
  assertEquals(seen.filter((text) => text.startsWith("a")), ["a 5", "a 1"]);
  assertEquals(seen.toSorted(), ["a 1", "a 5", "b 3", "end 3"]);
});

Deno.test("mergeLogs() passes a line on while another replica says nothing", async () => {
  const silent = { name: "b", lines: () => ({ [Symbol.asyncIterator]: () => ({ next: () => NEVER }) }) };
  const merged = mergeLogs([silent, source("a", 1)], { ordered: false, signal: NEVER_ABORTED });
  assertEquals(await merged.next(), { done: false, value: { kind: "line", ...line("a", 1) } });
});

Deno.test("mergeLogs() of no replica is an end", async () => {
  assertEquals(await texts([], true), ["end 0"]);
});

Deno.test("mergeLogs() gives the signal to every replica, and ends when they do", async () => {
  const stop = new AbortController();
  const follow = (name: string): LogSource => ({
    name,
    lines: async function* (signal) {
      yield line(name, 1);
      await waitUntil(() => signal.aborted, { what: "it is aborted", timeoutMs: 5000, intervalMs: 1 });
    },
  });
  const merged = mergeLogs([follow("a"), follow("b")], { ordered: false, signal: stop.signal });
  const kinds = [await merged.next(), await merged.next()].map(({ value }) => value?.kind);
  stop.abort();
  assertEquals([...kinds, (await merged.next()).value?.kind], ["line", "line", "end"]);
});

Deno.test("mergeLogs() lets go of every replica when nobody wants more", async () => {
  const left: string[] = [];
  const endless = (name: string): LogSource => ({
    name,
    lines: async function* () {
      try {
        while (true) yield await Promise.resolve(line(name, 1));
      } finally {
        left.push(name);
      }
    },
  });
  const merged = mergeLogs([endless("a"), endless("b")], { ordered: false, signal: NEVER_ABORTED });
  await merged.next();
  await merged.return(undefined);
  await waitUntil(() => left.length === 2, { what: "both are let go", timeoutMs: 5000, intervalMs: 1 });
});

Deno.test("mergeLogs() fails as one of the replicas fails", async () => {
  const broken: LogSource = {
    name: "b",
    // deno-lint-ignore require-yield
    lines: async function* () {
      await Promise.resolve();
      throw new Error("the engine is away");
    },
  };
  for (const ordered of [true, false]) {
    await assertRejects(() => texts([source("a", 1, 2, 3), broken], ordered), Error, "the engine is away");
  }
});

Deno.test("a replica that fails while nobody asks for more disturbs nobody", async () => {
  const failure = Promise.withResolvers<never>();
  const broken: LogSource = {
    name: "a",
    lines: async function* () {
      yield line("a", 1);
      await failure.promise;
    },
  };
  const merged = mergeLogs([broken], { ordered: false, signal: NEVER_ABORTED });
  assertEquals((await merged.next()).done, false);
  failure.reject(new Error("the engine is away"));
  // An unhandled rejection would end the test, and the daemon, before this.
  let looks = 0;
  await waitUntil(() => ++looks > 3, { what: "time passes", timeoutMs: 5000, intervalMs: 1 });
  await merged.return(undefined);
});
