import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "../../src/host/hash.ts";
import { MyPaasError } from "../../src/error.ts";
import type { TestHandler } from "../fakes/handler_transport.ts";
import { DOCKERFILE, type PushScene, setUp } from "./push_scene.ts";

/** Contents that do not compress. */
function files(count: number, size: number): Record<string, Uint8Array> {
  const entries = Array.from(
    { length: count },
    (_, i) => [`f${i}`, crypto.getRandomValues(new Uint8Array(size))] as const,
  );
  return Object.fromEntries(entries);
}

/** Lets so many bytes of a request's body through, then breaks. */
async function cutAfter(bytes: number, request: Request, handler: TestHandler): Promise<never> {
  let left = bytes;
  const body = request.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        controller.enqueue(part.subarray(0, left));
        left -= part.length;
        if (left <= 0) controller.error(new TypeError("cut"));
      },
    }),
  );
  await handler(new Request(request, { body: body ?? null }));
  throw new TypeError("connection reset");
}

/** Breaks the requests of a kind, each in another way, then lets all through. */
function breaking(
  test: PushScene,
  where: string,
  ...ways: readonly ((request: Request, handler: TestHandler) => Promise<Response>)[]
): void {
  const left = [...ways];
  test.way = async (request, handler) => {
    const way = where === `${request.method} ${new URL(request.url).pathname}` ? left.shift() : undefined;
    return await (way ?? ((request, handler) => handler(request)))(request, handler);
  };
}

Deno.test("push() asks what has arrived of an upload that was cut, and sends the rest", async () => {
  const project = files(40, 30_000);
  for (const bytes of [0, 1, 40_000, 300_000]) {
    await using test = await setUp({ Dockerfile: DOCKERFILE, ...project });
    breaking(test, "PUT /v1/blobs", (request, handler) => cutAfter(bytes, request, handler));
    const { sentBytes } = await test.run();
    for (const content of Object.values(project)) assert(test.store.stored.has(`blog/${sha256(content)}`));
    // Once for all, once for what was cut.
    assertEquals(test.requests.filter((request) => request === "POST /v1/missing").length, 2);
    assertEquals(test.events, ["scanned", "lacking", "retry", "uploaded", "accepted", "live"]);
    assert(sentBytes > 40 * 30_000 && sentBytes < 2.2 * 40 * 30_000, `cut after ${bytes}: sent ${sentBytes}`);
  }
});

Deno.test("push() loses no part when the upload breaks before any of it was read, and goes on after many breaks", async () => {
  const project = files(10, 1000);
  await using test = await setUp({ Dockerfile: DOCKERFILE, ...project });
  const refuse = () => Promise.reject(new TypeError("connection reset"));
  const cut = (request: Request, handler: TestHandler) => cutAfter(2500, request, handler);
  breaking(test, "PUT /v1/blobs", refuse, cut, cut, refuse, cut);
  await test.run();
  for (const content of Object.values(project)) assert(test.store.stored.has(`blog/${sha256(content)}`));
  assertEquals(test.deploys.length, 1);
});

Deno.test("push() sends its questions again, and its deploy as the same attempt", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one" });
  const lose = async (request: Request, handler: TestHandler) => {
    await (await handler(request)).body?.cancel();
    throw new TypeError("connection reset");
  };
  breaking(test, "POST /v1/missing", lose, lose);
  await test.run();
  assertEquals(test.requests.slice(0, 4), [...Array.from({ length: 3 }, () => "POST /v1/missing"), "PUT /v1/blobs"]);
  await Deno.writeTextFile(`${test.folder}/a`, "two");
  breaking(test, "POST /v1/deploy", lose);
  await test.run();
  const [first, second, again] = test.deploys.map(({ attempt }) => attempt);
  assertEquals([test.deploys.length, second === again, first === second], [3, true, false]);
  assert(first !== undefined);
});

Deno.test("push() that goes on finds a file changed meanwhile, and looks at all of it once more", async () => {
  const { f0: content = new Uint8Array() } = files(1, 60_000);
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: content });
  const change = async (request: Request, handler: TestHandler) => {
    await Deno.writeTextFile(`${test.folder}/a`, "changed while it was sent");
    return await cutAfter(0, request, handler);
  };
  // Two at the same time: one has the Dockerfile.
  breaking(test, "PUT /v1/blobs", change, change);
  await test.run();
  assertEquals([...test.store.stored.keys()].filter((name) => name.endsWith(sha256(content))), []);
  assert(test.store.stored.has(`blog/${sha256("changed while it was sent")}`));
});

Deno.test("push() does not send again what was refused, nor wait for a server that is not there", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one" });
  const missing = new MyPaasError("Cannot reach https://paas.example: nothing listens there");
  breaking(test, "POST /v1/missing", () => Promise.reject(missing));
  await assertRejects(() => test.run(), MyPaasError, "nothing listens there");
  assertEquals(test.requests, ["POST /v1/missing"]);
});
