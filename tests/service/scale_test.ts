import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { withScale } from "../../src/service/scale.ts";
import { SPEC } from "../deploy/bench_server.ts";

Deno.test("withScale() changes the number of replicas, and a drain time-out that was the default", () => {
  const spec = { ...SPEC, scale: 0, drainTimeoutSeconds: 5 };
  assertEquals(withScale(spec, 3), { ...spec, scale: 3, drainTimeoutSeconds: 30 });
  assertEquals(withScale(withScale(spec, 3), 0), spec);
  assertEquals(withScale({ ...spec, drainTimeoutSeconds: 7 }, 3).drainTimeoutSeconds, 7);
});

Deno.test("withScale() refuses what a Dockerfile could not say", () => {
  const range = assertThrows(() => withScale(SPEC, 1000), UsageError);
  assertEquals(range.message, 'Cannot scale "blog" to 1000: it takes a number from 0 to 100');
  const publish = [{ hostPort: 5432, port: 5432, protocol: "tcp" as const }];
  const port = assertThrows(() => withScale({ ...SPEC, publish }, 2), UsageError);
  assertEquals(
    port.message,
    'Cannot scale "blog" to 2: one port of the server cannot lead to an old and a new container at once, and it publishes 5432',
  );
  assertEquals(withScale({ ...SPEC, publish }, 0).publish, publish);
});
