import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { measureHold } from "../hold.ts";
import { sharedServer } from "../lab.ts";
import { soak } from "../soak.ts";

const server = sharedServer();
const PLAN = { seconds: 16, redeploys: 2, drainTimeoutSeconds: 4, longestSeconds: 3 };

Deno.test("long and short requests, POSTs of 1 MB, events and WebSockets outlive redeploys of both kinds, each POST counted once", async () => {
  const kinds = ["start-first", "stop-first"] as const;
  const results = await Promise.all(kinds.map((kind) => soak(server(), { kind, ...PLAN })));
  for (const { kind, visits, cutAtLimit, broken, posts } of results) {
    const all = Object.values(visits).reduce((sum, { count }) => sum + count, 0);
    console.log(`${kind}: ${all} visits, ${posts.answered} POSTs, ${cutAtLimit} endless streams cut at the limit`);
    assertEquals(broken, {}, kind);
    assertEquals([posts.duplicated, posts.lost], [0, 0], kind);
    assertGreater(posts.answered, 10, kind);
    assertGreater(cutAtLimit, 0, `${kind}: streams that never end meet the limit`);
  }
});

for (const fails of [false, true]) {
  const what = fails ? "the release that failed is replaced by the old one" : "the new release listens";
  Deno.test(`50 requests/s wait for an app that boots for 3 s, and are answered within 0.5 s after ${what}`, async () => {
    const { failures, held, extra, max } = await measureHold(server(), { boot: "3s", fails });
    console.log(
      `${held} waited, p99 ${extra.p99.toFixed(0)} ms after it listened, the longest ${
        (max / 1000).toFixed(1)
      } s in all`,
    );
    assertEquals(failures, {});
    assertGreater(held, 100);
    assertLessOrEqual(extra.p99, 500);
  });
}
