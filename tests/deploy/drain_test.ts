import { assertEquals } from "@std/assert";
import { drain } from "../../src/deploy/drain.ts";

function probesWith(counts: readonly number[]) {
  let look = 0;
  return { establishedConnections: () => Promise.resolve(counts[Math.min(look++, counts.length - 1)] ?? 0) };
}

const TARGET = { name: "blog.7.1", pid: 42, port: 80 };

Deno.test("drain() ends when nobody is connected for several looks in a row", async () => {
  assertEquals(await drain(probesWith([2, 0, 1, 0, 0, 0]), TARGET, { timeoutMs: 5000 }), 0);
});

Deno.test("drain() tells how many connections are left when the time is over", async () => {
  assertEquals(await drain(probesWith([3]), TARGET, { timeoutMs: 100 }), 3);
});

Deno.test("drain() has nothing to wait for when the replica does not run", async () => {
  assertEquals(await drain(probesWith([9]), { ...TARGET, pid: 0 }, { timeoutMs: 100 }), 0);
});

Deno.test("drain() takes a longer quiet for a replica whose name somebody may just have looked up", async () => {
  const began = performance.now();
  assertEquals(await drain(probesWith([0, 0, 0, 0, 1, 0]), TARGET, { timeoutMs: 5000, quietMs: 400 }), 0);
  assertEquals(performance.now() - began >= 500, true);
  assertEquals(await drain(probesWith([0]), TARGET, { timeoutMs: 100, quietMs: 400 }), 0);
});
