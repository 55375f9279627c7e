import { assertEquals, assertRejects } from "@std/assert";
import { WatchedStream } from "../../src/docker/watched_stream.ts";

Deno.test("a reader that leaves while a part is on its way is no failure of the source", async () => {
  const asked = Promise.withResolvers<void>();
  const part = Promise.withResolvers<Uint8Array>();
  const watched = new WatchedStream(
    new ReadableStream({
      pull: async (controller) => {
        asked.resolve();
        const content = await part.promise;
        controller.enqueue(content);
      },
    }, { highWaterMark: 0 }),
  );
  const reader = watched.stream.getReader();
  await asked.promise;
  const left = reader.cancel("enough");
  part.resolve(new Uint8Array(1));
  await left.catch(() => {});
  assertEquals(watched.failed, false);
});

Deno.test("a source that fails is told from a reader that does", async () => {
  const failure = new Error("a part is missing");
  const watched = new WatchedStream(new ReadableStream({ pull: () => Promise.reject(failure) }));
  await assertRejects(() => watched.stream.getReader().read(), Error, "a part is missing");
  assertEquals([watched.failed, watched.failure], [true, failure]);
});
