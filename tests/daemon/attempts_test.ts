import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { BenchDaemon } from "./bench_daemon.ts";

const FILES = { Dockerfile: "# mypaas.servicename = blog\nFROM busybox\n" };

Deno.test("a deploy that is asked for again with its attempt is that deploy, while it goes on and after its end", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.request(FILES, { force: true, attempt: crypto.randomUUID() });
  const [first, meanwhile] = await Promise.all([daemon.submit(request), daemon.submit(request)]);
  await daemon.events(first);
  const after = await daemon.submit(request);
  assertEquals([first.id, meanwhile.id, after.id], ["blog.1", "blog.1", "blog.1"]);
  assertEquals(daemon.builds, ["blog:1"]);
});

Deno.test("another attempt, and the same one of somebody else, are other deploys", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.request(FILES, { force: true, attempt: crypto.randomUUID() });
  const first = await daemon.submit(request);
  await daemon.events(first);
  const other = await daemon.submit({ ...request, attempt: crypto.randomUUID() });
  await daemon.events(other);
  const from = { source: daemon.parts.sources.local, door: "local", by: "somebody else" } as const;
  const stranger = await daemon.deploys.submit(request, from);
  await daemon.events(stranger);
  assertEquals([first.id, other.id, stranger.id], ["blog.1", "blog.2", "blog.3"]);
});

Deno.test("an attempt that was refused is accepted when it is asked for again", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.request(FILES, { attempt: crypto.randomUUID() });
  const gone = AbortSignal.abort();
  const from = { source: daemon.parts.sources.local, door: "local", by: "test" } as const;
  const [first, second] = [daemon.deploys.submit(request, { ...from, signal: gone }), daemon.submit(request)];
  await assertRejects(() => first, MyPaasError, "who asked has gone away");
  assertEquals((await second).id, "blog.1");
  assertNotEquals(await daemon.events(await second), []);
});
