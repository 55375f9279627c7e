import { assertEquals } from "@std/assert";
import { manifestDigest } from "../../src/archive/manifest_digest.ts";
import { manifestFolder } from "../../src/host/manifest_folder.ts";
import type { Manifest } from "../../src/wire/manifest.ts";
import { tempFolder } from "./temp_folder.ts";

const manifest = (n: number): Manifest => ({ entries: [{ type: "dir", path: `folder${n}`, mode: 0o755 }] });

Deno.test("manifestFolder() finds a manifest by its digest, for its service only", async () => {
  await using temp = await tempFolder();
  const logged: string[] = [];
  const store = manifestFolder(`${temp.path}/manifests`, (line) => logged.push(line));
  const digest = await manifestDigest(manifest(1));
  assertEquals(await store.find("blog", digest), undefined);
  await store.save("blog", manifest(1));
  await store.save("blog", manifest(1));
  assertEquals(await manifestFolder(`${temp.path}/manifests`, () => {}).find("blog", digest), manifest(1));
  assertEquals(await store.find("other", digest), undefined);
  assertEquals(((await Deno.stat(`${temp.path}/manifests/blog/${digest}`)).mode ?? 0) & 0o777, 0o600);
  assertEquals(logged, []);
});

Deno.test("manifestFolder() takes a broken file as none", async () => {
  await using temp = await tempFolder();
  const store = manifestFolder(temp.path, () => {});
  await store.save("blog", manifest(1));
  await store.save("blog", manifest(2));
  const [one, two] = [await manifestDigest(manifest(1)), await manifestDigest(manifest(2))];
  await Deno.copyFile(`${temp.path}/blog/${two}`, `${temp.path}/blog/${one}`);
  assertEquals(await store.find("blog", one), undefined);
  await Deno.writeTextFile(`${temp.path}/blog/${two}`, "{}");
  assertEquals(await store.find("blog", two), undefined);
});

Deno.test("manifestFolder() keeps the five of a service that were used last", async () => {
  await using temp = await tempFolder();
  const store = manifestFolder(temp.path, () => {});
  const digests = await Promise.all(Array.from({ length: 7 }, (_, n) => manifestDigest(manifest(n))));
  for (let n = 0; n < 5; n++) {
    await store.save("blog", manifest(n));
    await Deno.utime(`${temp.path}/blog/${digests[n]}`, n, n);
  }
  await store.save("blog", manifest(0));
  for (const n of [5, 6]) await store.save("blog", manifest(n));
  const found = await Promise.all(digests.map(async (digest) => await store.find("blog", digest) !== undefined));
  assertEquals(found, [true, false, false, true, true, true, true]);
});

Deno.test("manifestFolder() that cannot be written tells whoever runs the daemon, and nobody else", async () => {
  await using temp = await tempFolder();
  await Deno.writeTextFile(`${temp.path}/blog`, "");
  const logged: string[] = [];
  await manifestFolder(temp.path, (line) => logged.push(line)).save("blog", manifest(1));
  assertEquals(logged.length, 1);
});
