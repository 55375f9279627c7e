import { assertEquals, assertRejects } from "@std/assert";
import type { NamedContent } from "../../src/archive/blobs.ts";
import { MyPaasError } from "../../src/error.ts";
import { Batches } from "../../src/receiver/batches.ts";

const blob = (bytes: number): NamedContent => ({ digest: "a".repeat(64), content: new Uint8Array(bytes) });

/** Notes the size of each batch that is stored. */
function setUp(put: () => Promise<void> = () => Promise.resolve()) {
  const stored: number[] = [];
  const batches = new Batches({
    store: {
      put: async (_service, blobs) => {
        await put();
        stored.push(blobs.length);
      },
    },
    room: { take: () => Promise.resolve() },
  });
  return { stored, batches };
}

Deno.test("a batch ends after many blobs, after many bytes, and with the request", async () => {
  const { stored, batches } = setUp();
  const writer = batches.open("blog");
  for (let n = 0; n < 70; n++) await writer.add(blob(10));
  for (let n = 0; n < 5; n++) await writer.add(blob(1 << 20));
  assertEquals(await writer.close(), 75);
  assertEquals(stored, [64, 10, 1]);
});

Deno.test("what slow requests hold in memory does not add up", async () => {
  const { stored, batches } = setUp();
  const slow = Array.from({ length: 5 }, () => batches.open("blog"));
  for (const writer of slow) await writer.add(blob(3 << 20));
  const writer = batches.open("shop");
  await writer.add(blob(1 << 20));
  assertEquals(stored, [1]);
  for (const each of [...slow, writer]) await each.close();
  const after = batches.open("shop");
  await after.add(blob(1 << 20));
  assertEquals(stored.length, 6);
  await after.close();
});

Deno.test("a failure is told at the next blob, and frees what was held", async () => {
  const { stored, batches } = setUp(() => Promise.reject(new MyPaasError("Cannot store: the disk is full")));
  const writer = batches.open("blog");
  const adding = async () => {
    for (let n = 0; n < 40; n++) await writer.add(blob(1 << 20));
  };
  await assertRejects(adding, MyPaasError, "the disk is full");
  await assertRejects(() => writer.close(), MyPaasError, "the disk is full");
  assertEquals(stored, []);
});
