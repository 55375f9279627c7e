import { assertEquals, assertRejects } from "@std/assert";
import { BodyTooLong, limitBody, readBody, whenBodyEnds } from "../../src/receiver/bodies.ts";

Deno.test("readBody() takes as many bytes as allowed and refuses one more", async () => {
  assertEquals(await readBody(stream(3, 2), 5), new Uint8Array(5));
  assertEquals(await readBody(null, 5), new Uint8Array());
  await assertRejects(() => readBody(stream(3, 3), 5), BodyTooLong, "longer than 5 bytes");
});

Deno.test("limitBody() reads only as much as is asked for", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(new Uint8Array(++pulled)) });
  const reader = limitBody(endless, 1 << 20).getReader();
  assertEquals((await reader.read()).value?.length, 1);
  assertEquals(pulled < 5, true);
  await reader.cancel();
});

Deno.test("whenBodyEnds() tells the end of a body that was read, that failed, and that nobody wanted", async () => {
  const ends: string[] = [];
  await new Response(whenBodyEnds(stream(1), () => ends.push("read"))).arrayBuffer();
  const broken = new ReadableStream<Uint8Array>({ pull: (c) => c.error(new Error("cut")) });
  await assertRejects(() => new Response(whenBodyEnds(broken, () => ends.push("failed"))).text(), Error, "cut");
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  await whenBodyEnds(source, () => ends.push("unwanted")).cancel();
  assertEquals(ends, ["read", "failed", "unwanted"]);
  assertEquals(cancelled, true);
});

function stream(...lengths: readonly number[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(lengths.map((length) => new Uint8Array(length)));
}
