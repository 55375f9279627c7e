import { assertEquals, assertThrows } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { parseStats, type StatsSample } from "../../src/wire/stats.ts";

const TIME = "2026-11-22T10:00:00.123Z";
const SAMPLE: StatsSample = {
  time: TIME,
  countedSince: TIME,
  countsError: undefined,
  services: [
    {
      service: "blog",
      scale: 2,
      memoryLimitBytes: undefined,
      // CPU time of a century is no whole number that JSON could lose.
      replicas: [
        { name: "blog.7.1", use: { time: TIME, cpuSeconds: 3.2e9 + 0.5, memoryBytes: 7 } },
        { name: "blog.7.2", use: undefined },
      ],
      requests: { total: 9, "2xx": 8, "3xx": 0, "4xx": 0, "5xx": 1 },
    },
  ],
};

Deno.test("parseStats() gives a sample as it was sent, fields left out by JSON as undefined", () => {
  assertEquals(parseStats(JSON.parse(JSON.stringify(SAMPLE))), SAMPLE);
});

Deno.test("parseStats() names the field that is wrong", () => {
  const [service] = SAMPLE.services;
  const wrong = { ...SAMPLE, services: [{ ...service, requests: { ...service?.requests, total: -1 } }] };
  assertThrows(() => parseStats(wrong), MyPaasError, "total");
});
