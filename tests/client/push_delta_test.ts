import { assert, assertEquals } from "@std/assert";
import { manifestDigest } from "../../src/archive/manifest_digest.ts";
import { sha256 } from "../../src/host/hash.ts";
import { diskTree } from "../../src/host/tree.ts";
import { waitUntil } from "../../src/wait.ts";
import { DOCKERFILE, setUp } from "./push_scene.ts";

Deno.test("push() of an unchanged folder asks for nothing but the deploy, in a few hundred bytes", async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, `content ${i}`]));
  await using test = await setUp({ Dockerfile: DOCKERFILE, ...files });
  await test.run();
  test.requests.length = 0;
  const { sentBytes } = await test.run();
  assertEquals(test.requests, ["POST /v1/deploy"]);
  assert(sentBytes < 500, `sent ${sentBytes}`);
  assertEquals(test.deploys[1]?.manifest, test.deploys[0]?.manifest);
});

Deno.test("push() sends a changed file, and what is gone, as a difference", async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, `content ${i}`]));
  await using test = await setUp({ Dockerfile: DOCKERFILE, ...files });
  await test.run();
  test.requests.length = 0;
  await Deno.writeTextFile(`${test.folder}/f7`, "other");
  await Deno.remove(`${test.folder}/f8`);
  const { lacked } = await test.run();
  assertEquals(test.requests, ["POST /v1/missing", "PUT /v1/blobs", "POST /v1/deploy"]);
  assertEquals([lacked.files, lacked.bytes], [1, 5]);
  assert((test.bodies[1] ?? 0) < 1000, `${test.bodies}`);
  const entries = test.deploys[1]?.manifest.entries ?? [];
  const f7 = entries.find(({ path }) => path === "f7");
  assert(f7?.type === "file");
  assertEquals([entries.length, f7.chunks[0]?.digest], [200, sha256("other")]);
});

Deno.test("push() sends all by itself when the server has forgotten the manifest", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one", b: "two" });
  await test.run();
  test.manifests.stored.clear();
  await Deno.writeTextFile(`${test.folder}/b`, "changed");
  test.requests.length = 0;
  test.events.length = 0;
  await test.run();
  assertEquals(test.requests, [
    ...["POST /v1/missing", "PUT /v1/blobs", "POST /v1/deploy"],
    ...["POST /v1/missing", "POST /v1/deploy"],
  ]);
  assertEquals(test.events.filter((kind) => kind === "scanned").length, 1);
  assertEquals(test.deploys.length, 2);
});

Deno.test("push() sends a blob again by itself that the server has collected", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one", b: "two" });
  await test.run();
  test.store.stored.delete(`blog/${sha256("one")}`);
  await Deno.writeTextFile(`${test.folder}/b`, "changed");
  const { lacked } = await test.run();
  assert(test.store.stored.has(`blog/${sha256("one")}`));
  assertEquals([test.deploys.length, lacked.bytes], [2, 3]);
  assert(test.manifests.stored.has(`blog/${await manifestDigest(test.deploys[1]?.manifest ?? { entries: [] })}`));
});

Deno.test("push() works when nothing can be remembered, or what is remembered is broken", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one" });
  await test.run();
  for await (const { name } of Deno.readDir(`${test.folder}.cache`)) {
    await Deno.writeTextFile(`${test.folder}.cache/${name}`, "{");
  }
  await test.run();
  await Deno.remove(`${test.folder}.cache`, { recursive: true });
  await Deno.writeTextFile(`${test.folder}.cache`, "a file where the folder would be");
  await test.run();
  assertEquals(test.deploys.length, 3);
});

Deno.test("push() reads no file again that it knows", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, a: "one" });
  await untilOld(test.folder);
  await test.run();
  const tree = diskTree(test.folder);
  const read: string[] = [];
  await test.run({ tree: { ...tree, read: (path) => (read.push(path), tree.read(path)) } });
  assertEquals(read, []);
});

Deno.test("push() reads all again when a file that it knew is not what it was", async () => {
  await using test = await setUp({ Dockerfile: DOCKERFILE, "a.txt": "before" });
  await untilOld(test.folder);
  await test.run();
  // The server has lost everything, so that known files are read again for the upload alone.
  test.store.stored.clear();
  test.manifests.stored.clear();
  const tree = diskTree(test.folder);
  const readRange: typeof tree.readRange = async (...range) => {
    await Deno.writeTextFile(`${test.folder}/a.txt`, "after!");
    return await tree.readRange(...range);
  };
  await test.run({ tree: { ...tree, readRange } });
  assert(test.store.stored.has(`blog/${sha256("after!")}`));
  assertEquals(test.events.filter((kind) => kind === "scanned").length, 2);
});

/** Makes all files of a folder older than the clock of any file system is coarse. */
async function untilOld(folder: string): Promise<void> {
  await waitUntil(async () => {
    const entries = await diskTree(folder).list("");
    return entries.every(({ changedMs }) => changedMs < Date.now() - (changedMs % 1000 === 0 ? 2010 : 30));
  }, { what: "the files are old enough to be known", timeoutMs: 5000, intervalMs: 10 });
}
