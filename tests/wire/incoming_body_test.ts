import { assertEquals, assertRejects } from "@std/assert";
import { BodyBroken, BodyRefused, IncomingBody, whenBodyEnds } from "../../src/wire/incoming_body.ts";

const MINUTE = 60_000;

Deno.test("IncomingBody gives as many bytes as allowed and refuses one more", async () => {
  const allowed = new IncomingBody(stream(3, 2), { bytes: 5, ms: MINUTE });
  assertEquals(await allowed.whole(), new Uint8Array(5));
  await allowed.drain();
  const longer = new IncomingBody(stream(3, 3), { bytes: 5, ms: MINUTE });
  await assertRejects(() => longer.whole(), BodyRefused, "longer than 5 bytes");
  await longer.drain();
  assertEquals(longer.refused instanceof BodyRefused, true);
});

Deno.test("IncomingBody refuses a body that takes too long", async () => {
  const body = new IncomingBody(new ReadableStream(), { bytes: 5, ms: 20 });
  await assertRejects(() => body.whole(), BodyRefused, "took longer than 0.02 s");
  await body.drain();
});

Deno.test("IncomingBody reads only what is asked for, and drain() reads the rest", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => ++pulled > 50 ? controller.close() : controller.enqueue(new Uint8Array(1)),
  });
  const body = new IncomingBody(source, { bytes: 100, ms: MINUTE });
  const reader = body.stream().getReader();
  assertEquals((await reader.read()).value?.length, 1);
  assertEquals(pulled < 5, true);
  await reader.cancel();
  await body.drain();
  assertEquals(pulled, 51);
});

Deno.test("drain() gives an endless body up in the end", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
    cancel: () => void (cancelled = true),
  });
  await new IncomingBody(endless, { bytes: 100, ms: MINUTE }).drain();
  assertEquals(cancelled, true);
});

Deno.test("whenBodyEnds() tells the end of a body that was read, that failed, and that nobody wanted", async () => {
  const ends: string[] = [];
  await new Response(whenBodyEnds(stream(1), () => ends.push("read"))).bytes();
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });
  await assertRejects(() => new Response(whenBodyEnds(broken, () => ends.push("failed"))).bytes(), Error, "cut");
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  await whenBodyEnds(source, () => ends.push("unwanted")).cancel();
  assertEquals(ends, ["read", "failed", "unwanted"]);
  assertEquals(cancelled, true);
});

function stream(...lengths: readonly number[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(lengths.map((length) => new Uint8Array(length)));
}

Deno.test("drain() gives a body that hardly goes on up when its time is over", async () => {
  let cancelled = false;
  const slow = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  await new IncomingBody(slow, { bytes: 100, ms: MINUTE }).drain(20);
  assertEquals(cancelled, true);
});

Deno.test("IncomingBody tells a body that broke off from one that is too long, and drain() does not fail for it", async () => {
  const cut = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new TypeError("no chunk")) });
  const body = new IncomingBody(cut, { bytes: 100, ms: MINUTE });
  await assertRejects(() => body.whole(), BodyBroken, "it broke off");
  await body.drain();
  assertEquals(body.refused instanceof BodyBroken, true);
});
