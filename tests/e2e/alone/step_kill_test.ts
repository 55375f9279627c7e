import { assertEquals } from "@std/assert";
import { TestServer } from "../lab.ts";
import { killAtEveryStep } from "../step_kill.ts";

const RATE = 25;

Deno.test("after kill -9 of the daemon at every step of both plans everything agrees again, and no visitor noticed", async () => {
  await Promise.all([0, 2].map(async (scale) => {
    await using server = await TestServer.start({ supervisor: "none" });
    const { kills, load } = await killAtEveryStep(server, { scale, rounds: 1, rate: RATE });
    for (const { step, tries, seconds } of kills) console.log(`${seconds.toFixed(1)} s, met at try ${tries}: ${step}`);
    console.log(`scale ${scale}: ${load.sent} sent, ${load.failed} failed, longest wait ${load.max.toFixed(0)} ms`);
    assertEquals(load.failures, {});
  }));
});
