import { assertEquals, assertRejects } from "@std/assert";
import { withinLimits } from "../../src/daemon/build_limits.ts";
import { BuildError, MyPaasError } from "../../src/error.ts";

/** A build that goes on until it is told to end. */
function endless(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended")), { once: true }));
}

function limits({ timeoutMs = 60_000, free = 10 } = {}) {
  const space = () => Promise.resolve({ free, reserve: 5 });
  return { space, timeoutMs, cannot: 'Cannot build "blog"', signal: new AbortController().signal };
}

Deno.test("a build that takes too long is ended, with the command that allows more", async () => {
  const error = await assertRejects(() => withinLimits(endless, limits({ timeoutMs: 20 })), BuildError);
  assertEquals(error.message.startsWith('Cannot build "blog": it takes longer than'), true, error.message);
  assertEquals(error.hint?.includes("--build-timeout"), true);
});

Deno.test("a build that fills the disk is ended", async () => {
  await assertRejects(() => withinLimits(endless, limits({ free: 1 })), MyPaasError, "the disk is full");
});

Deno.test("within its limits a build is what it is, and what ends it otherwise is told", async () => {
  assertEquals(await withinLimits(() => Promise.resolve(7), limits()), 7);
  await assertRejects(() => withinLimits(() => Promise.reject(new Error("exit 3")), limits()), Error, "exit 3");
  const gone = AbortSignal.abort();
  await assertRejects(
    () => withinLimits(() => Promise.reject(new Error("cancelled")), { ...limits(), signal: gone }),
    Error,
    "cancelled",
  );
});
