import { assert, assertEquals, assertRejects } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { DeployEvent } from "../../src/wire/events.ts";
import { PLAN } from "./plan_example.ts";
import { DOCKERFILE, setUp } from "./push_scene.ts";

Deno.test("push() sends what the server lacks, each content once, then deploys", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, "a.txt": "same", "b.txt": "same", "empty": "" });
  const result = await test.run();
  assertEquals(test.events, ["scanned", "lacking", "uploaded", "accepted", "live"]);
  assertEquals(
    [...test.store.stored.keys()].sort(),
    [`blog/${sha256(DOCKERFILE)}`, `blog/${sha256("same")}`].sort(),
  );
  assertEquals(test.deploys[0]?.manifest.entries.map(({ path }) => path), ["Dockerfile", "a.txt", "b.txt", "empty"]);
  assertEquals([test.deploys[0]?.service, test.deploys[0]?.dockerfile], ["blog", "Dockerfile"]);
  assertEquals([result.end.kind, result.lacked.totalBytes], ["live", DOCKERFILE.length + 8]);
  assert(result.sentBytes > 0 && result.seconds > 0);
});

Deno.test("push() sends no blob again, and only the changed file after a change", async () => {
  const noise = randomBytes(3_000_000);
  await using test = await setUp({ Dockerfile: DOCKERFILE, noise });
  const first = await test.run();
  assert(first.sentBytes > noise.length, `sent ${first.sentBytes}`);
  const again = await test.run();
  assert(again.sentBytes < 3000, `sent ${again.sentBytes}`);
  await Deno.writeTextFile(`${test.folder}/new.txt`, "new");
  const changed = await test.run();
  assert(changed.sentBytes < 3500, `sent ${changed.sentBytes}`);
  assert(test.store.stored.has(`blog/${sha256("new")}`));
});

Deno.test("push() cuts a large upload into several requests", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, noise: randomBytes(20 << 20) });
  await test.run();
  const puts = test.requests.filter((request) => request === "PUT /v1/blobs").length;
  assert(puts >= 3 && puts <= 4, `${puts} requests`);
  assertEquals([...test.store.stored.values()].reduce((sum, { length }) => sum + length, -DOCKERFILE.length), 20 << 20);
});

Deno.test("push() passes on force and dry run", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE }, { kind: "planned", ...PLAN });
  const { end } = await test.run({ force: true, dryRun: true });
  assertEquals(end.kind, "planned");
  assertEquals([test.deploys[0]?.force, test.deploys[0]?.dryRun], [true, true]);
});

Deno.test("push() of a dry run sends the Dockerfile and nothing else, and tells what it would send", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one", b: "two!" }, { kind: "planned", ...PLAN });
  const { lacked, sentBytes } = await test.run({ dryRun: true });
  assertEquals([...test.store.stored.keys()], [`blog/${sha256(DOCKERFILE)}`]);
  const totalBytes = DOCKERFILE.length + 7;
  assertEquals(lacked, { files: 3, bytes: totalBytes, totalFiles: 3, totalBytes });
  assert(sentBytes > 0);
  assertEquals(test.events, ["scanned", "wouldSend", "accepted", "planned"]);
  assertEquals((await test.run({ dryRun: true })).lacked, { files: 2, bytes: 7, totalFiles: 3, totalBytes });
  assertEquals(test.requests.filter((request) => request === "PUT /v1/blobs").length, 1);
});

Deno.test("push() sends nothing when the Dockerfile is wrong or is not there", async () => {
  await using wrong = await setUp({ Dockerfile: "# mypaas.prot = 80\nFROM busybox\n" });
  await assertRejects(() => wrong.run(), UsageError, "prot");
  assertEquals(wrong.requests, []);
  await using none = await setUp({});
  await assertRejects(() => none.run(), UsageError, 'Cannot read "Dockerfile"');
  assertEquals(none.requests, []);
});

Deno.test("push() throws how the store of the server failed, and does not deploy", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, noise: randomBytes(5 << 20) });
  test.store.failure = new MyPaasError("Cannot store a blob: the disk is full");
  await assertRejects(() => test.run(), MyPaasError, "the disk is full");
  assertEquals(test.deploys, []);
});

Deno.test("push() throws how the deploy failed", async () => {
  const failed: DeployEvent = {
    kind: "failed",
    deploy: "blog.1",
    error: { kind: "build", message: "Cannot build blog", details: ["exit code: 3"] },
  };
  await using test = await setUp({ Dockerfile: DOCKERFILE }, failed);
  const error = await assertRejects(() => test.run(), MyPaasError, "Cannot build blog");
  assertEquals([error.kind, error.details], ["build", ["exit code: 3"]]);
  assertEquals(test.events.at(-1), "failed");
});

Deno.test("push() that is ended before it sends changes nothing", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE });
  const signal = AbortSignal.abort(new MyPaasError("Cannot go on: interrupted"));
  await assertRejects(() => test.run({ signal }), MyPaasError, "interrupted");
  assertEquals(test.requests, []);
});

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}
