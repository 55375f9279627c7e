import { assertEquals, assertLess, assertStringIncludes, assertThrows } from "@std/assert";
import { median } from "../../scripts/bench/median.ts";
import { plotLatency } from "../../scripts/bench/plot.ts";

/** Requests at an even rate, each of 20 ms unless told otherwise. */
function requests(count: number, { ok = true, ms = (_n: number): number => 20 } = {}) {
  return Array.from({ length: count }, (_, n) => ({ at: 1_000_000 + n * 3, ms: ms(n), ok, text: "" }));
}

function points(svg: string): readonly string[] {
  return /<polyline points="([^"]*)"/.exec(svg)?.[1]?.split(" ") ?? [];
}

Deno.test("median() is the middle of any order, and the mean of the two middle ones", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([10, 2, 9, 1]), 5.5);
  assertEquals(median([7]), 7);
  assertThrows(() => median([]), Error, "The median of no numbers");
});

Deno.test("plotLatency() stays small whatever the load was, and whatever failed", () => {
  for (const ok of [true, false]) {
    const svg = plotLatency(requests(60_000, { ok }), { title: "load", cutovers: [1_000_000] });
    assertLess(svg.length, 60_000);
  }
});

Deno.test("plotLatency() keeps the slowest of the requests that share a point", () => {
  const slow = requests(60_000, { ms: (n) => n === 30_000 ? 900 : 20 });
  const heights = points(plotLatency(slow, { title: "load", cutovers: [] })).map((point) =>
    Number(point.split(",")[1])
  );
  assertEquals(heights.filter((height) => height < 40).length, 1);
});

Deno.test("plotLatency() marks each cutover and each place where requests failed", () => {
  const [first, ...rest] = requests(1000);
  if (first === undefined) throw new Error("no request");
  const svg = plotLatency([{ ...first, ok: false }, ...rest], { title: "load", cutovers: [1_001_000, 1_002_000] });
  assertEquals(svg.match(/stroke-dasharray/g)?.length, 2);
  assertEquals(svg.match(/<circle/g)?.length, 1);
  assertStringIncludes(svg, "3 s; dashed");
});

Deno.test("plotLatency() says that there is nothing to draw", () => {
  assertThrows(() => plotLatency([], { title: "load", cutovers: [] }), Error, "there are no requests");
});
