import { assertEquals, assertStringIncludes } from "@std/assert";
import { MyPaasError, NotWrittenError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import { zstdCompress, zstdDecompress } from "../../src/host/zstd.ts";
import {
  UPLOAD_LIMITS,
  type UploadHandler,
  uploadHandler,
  type UploadLimits,
} from "../../src/receiver/upload_handler.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import { MemoryBlobs } from "../fakes/memory_blobs.ts";

const TEXT = new TextEncoder().encode("hello ".repeat(100));
const NOISE = crypto.getRandomValues(new Uint8Array(5000));

function setUp(limits: Partial<UploadLimits> = {}) {
  const store = new MemoryBlobs();
  const room = { take: (_sizes: readonly number[]): Promise<void> => Promise.resolve() };
  const parts = {
    store,
    room,
    quotas: { maxContext: 2 ** 30, maxFiles: 1000 },
    digest: sha256,
    decompress: zstdDecompress,
    limits: { ...UPLOAD_LIMITS, ...limits },
  };
  return { store, room, handler: uploadHandler(parts) };
}

function frame(content: Uint8Array<ArrayBuffer>, digest = sha256(content)): Uint8Array<ArrayBuffer> {
  return encodeFrame(content, { digest, compress: zstdCompress });
}

async function put(handler: UploadHandler, ...frames: readonly Uint8Array[]): Promise<[number, string]> {
  const body = ReadableStream.from(frames);
  const response = await handler(new Request("http://x/v1/blobs?service=blog", { method: "PUT", body }), "blog");
  return [response.status, await response.text()];
}

async function missing(
  handler: UploadHandler,
  digests: readonly string[],
  damaged: readonly string[] = [],
): Promise<unknown> {
  const body = JSON.stringify({ digests });
  const request = new Request("http://x/v1/missing?service=blog", { method: "POST", body });
  return await (await handler(request, "blog", { damaged })).json();
}

Deno.test("PUT /v1/blobs stores compressed and plain blobs under the service and their digest", async () => {
  const { store, handler } = setUp();
  assertEquals(await put(handler, frame(TEXT), frame(NOISE)), [200, '{"stored":2}']);
  assertEquals(store.stored, new Map([[`blog/${sha256(TEXT)}`, TEXT], [`blog/${sha256(NOISE)}`, NOISE]]));
});

Deno.test("PUT /v1/blobs stores nothing of an empty body", async () => {
  assertEquals(await put(setUp().handler), [200, '{"stored":0}']);
});

Deno.test("POST /v1/missing names what this service lacks, though another has it", async () => {
  const { store, handler } = setUp();
  await store.put("blog", [{ digest: sha256(TEXT), content: TEXT }]);
  await store.put("shop", [{ digest: sha256(NOISE), content: NOISE }]);
  assertEquals(await missing(handler, [sha256(NOISE), sha256(TEXT)]), { missing: [sha256(NOISE)] });
});

Deno.test("POST /v1/missing names what is stored and damaged, where it is asked for it", async () => {
  const { store, handler } = setUp();
  const [text, noise] = [sha256(TEXT), sha256(NOISE)];
  await store.put("blog", [{ digest: text, content: TEXT }]);
  const damaged = [text, sha256("of another push")];
  assertEquals(await missing(handler, [noise, text], damaged), { missing: [noise, text] });
  assertEquals(await missing(handler, [noise], damaged), { missing: [noise] });
});

Deno.test("POST /v1/missing refuses what is no list of digests", async () => {
  const request = new Request("http://x/v1/missing", { method: "POST", body: '{"digests":["../../etc"]}' });
  const response = await setUp().handler(request, "blog");
  assertEquals(response.status, 400);
  assertStringIncludes(await response.text(), "64 lower-case hex digits");
});

Deno.test("PUT /v1/blobs refuses a wrong digest by name, keeps what came before, and reads the body to its end", async () => {
  const { store, handler } = setUp();
  const wrong = sha256("something else");
  let read = 0;
  const frames = [frame(TEXT), frame(NOISE, wrong), ...Array.from({ length: 20 }, () => frame(NOISE))];
  const counted = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = frames[read++];
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
  const request = new Request("http://x/v1/blobs", { method: "PUT", body: counted });
  const response = await handler(request, "blog");
  assertEquals(response.status, 400);
  assertStringIncludes(await response.text(), `Cannot store the blob \\"${wrong}\\": its content has another SHA-256`);
  assertEquals([...store.stored.keys()], [`blog/${sha256(TEXT)}`]);
  assertEquals(read, frames.length + 1);
});

Deno.test("PUT /v1/blobs unpacks no more than a chunk may hold", async () => {
  const bomb = zstdCompress(new Uint8Array((1 << 20) + 1));
  const packed = frame(new Uint8Array(1000));
  const forged = new Uint8Array(37 + bomb.length);
  forged.set(packed.subarray(0, 33));
  new DataView(forged.buffer).setUint32(33, bomb.length);
  forged.set(bomb, 37);
  const { store, handler } = setUp();
  const [status, text] = await put(handler, forged);
  assertEquals(status, 400);
  assertStringIncludes(text, "it holds more than 1048576 bytes");
  assertEquals(store.stored.size, 0);
});

Deno.test("PUT /v1/blobs refuses what is no zstd, and a body that ends inside a frame", async () => {
  const { handler } = setUp();
  const broken = frame(TEXT);
  broken.fill(0xff, 40);
  assertStringIncludes((await put(handler, broken))[1], `Cannot store the blob \\"${sha256(TEXT)}\\"`);
  assertStringIncludes((await put(handler, frame(TEXT).subarray(0, -1)))[1], "ends inside a frame");
});

Deno.test("PUT /v1/blobs takes only so many bytes, packed and unpacked", async () => {
  const packed = await put(setUp({ putBytes: 8000 }).handler, frame(NOISE), frame(NOISE));
  assertEquals(packed[0], 413);
  assertStringIncludes(packed[1], "longer than 8000 bytes");
  const unpacked = await put(setUp({ putContentBytes: 1000 }).handler, frame(TEXT), frame(TEXT));
  assertEquals(unpacked[0], 413);
  assertStringIncludes(unpacked[1], "one request may hold 1000 bytes of content");
});

Deno.test("PUT /v1/blobs gives a slow body up", async () => {
  const { handler } = setUp({ bodyMs: 20 });
  const request = new Request("http://x/v1/blobs", { method: "PUT", body: new ReadableStream() });
  const response = await handler(request, "blog");
  assertEquals(response.status, 413);
  assertStringIncludes(await response.text(), "it took longer than 0.02 s");
});

Deno.test("PUT /v1/blobs answers with the sentence of a store that fails", async () => {
  const { store, handler } = setUp();
  store.failure = new MyPaasError("Cannot store a blob: the disk is full");
  const [status, text] = await put(handler, ...Array.from({ length: 40 }, () => frame(TEXT)));
  assertEquals(status, 500);
  assertStringIncludes(text, "the disk is full");
});

Deno.test("PUT /v1/blobs answers 507 when there is no room, and POST /v1/missing refuses what is too much beforehand", async () => {
  const { room, handler } = setUp();
  room.take = () => Promise.reject(new NotWrittenError("Cannot store what was sent: the disk is full"));
  const [status, text] = await put(handler, frame(TEXT));
  assertEquals(status, 507);
  assertStringIncludes(text, "the disk is full");
  const body = JSON.stringify({ digests: [], context: { files: 3, bytes: 2 ** 31 } });
  const response = await handler(new Request("http://x/v1/missing", { method: "POST", body }), "blog");
  assertEquals(response.status, 400);
  assertStringIncludes(
    await response.text(),
    'Cannot push \\"blog\\": what is sent for it has 2 GiB, and a push may have 1 GiB',
  );
});
