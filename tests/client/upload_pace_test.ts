import { assertEquals } from "@std/assert";
import { formatRate, formatRest, UploadPace } from "../../src/client/upload_pace.ts";

Deno.test("UploadPace tells the rate of the last seconds, not of all", () => {
  const pace = new UploadPace();
  pace.add(0, 0);
  assertEquals(pace.rate(100), undefined);
  pace.add(1000, 10_000_000);
  assertEquals(pace.rate(1000), 10_000_000);
  for (let second = 2; second <= 20; second++) pace.add(second * 1000, 10_000_000 + (second - 1) * 1_000_000);
  assertEquals(pace.rate(20_000), 1_000_000);
});

Deno.test("UploadPace gets slower while nothing is sent", () => {
  const pace = new UploadPace();
  pace.add(0, 0);
  pace.add(1000, 1_000_000);
  assertEquals(pace.rate(4000), 250_000);
});

Deno.test("rates and rests are short", () => {
  assertEquals([formatRate(12_345_678), formatRate(999.4)], ["12.3 MB/s", "999 B/s"]);
  assertEquals([0, 0.4, 12.4, 99.4, 100, 3600, 5940, 7200].map(formatRest), [
    "1 s",
    "1 s",
    "12 s",
    "99 s",
    "2 min",
    "60 min",
    "99 min",
    "2 h",
  ]);
});
