import { assertEquals, assertThrows } from "@std/assert";
import { sinceSeconds } from "../../src/cli/run_logs.ts";
import { UsageError } from "../../src/error.ts";

const NOW = Date.parse("2026-11-22T10:00:00.900Z");
const SECONDS = Math.floor(NOW / 1000);

Deno.test("sinceSeconds() reads an age in seconds, minutes, hours and days", () => {
  const ages = ["0s", "90s", "10m", "2h", "3d"].map((age) => SECONDS - sinceSeconds(age, NOW));
  assertEquals(ages, [0, 90, 600, 7200, 259_200]);
});

Deno.test("sinceSeconds() reads a date, and goes back to a whole second", () => {
  assertEquals(sinceSeconds("2026-11-22T09:00:00Z", NOW), SECONDS - 3600);
  assertEquals(sinceSeconds("2026-11-22T09:00:00.999+01:00", NOW), SECONDS - 7200);
});

Deno.test("sinceSeconds() never gives a time before 1970, which the server would refuse", () => {
  assertEquals(sinceSeconds("999999999d", NOW), 0);
  assertEquals(sinceSeconds("1969-01-01T00:00:00Z", NOW), 0);
});

for (const text of ["", "10", "m", "-5m", "1.5h", "10 m", "5w", "yesterday", "0", "99"]) {
  Deno.test(`sinceSeconds() refuses "${text}"`, () => {
    const error = assertThrows(() => sinceSeconds(text, NOW), UsageError);
    assertEquals(error.message, `Cannot read --since "${text}": it takes an age such as 10m, 2h or 3d, or a date`);
  });
}
