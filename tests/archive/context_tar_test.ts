import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { contextTar } from "../../src/archive/context_tar.ts";
import { parseIgnore } from "../../src/archive/ignore.ts";
import { sha256 } from "../../src/host/hash.ts";
import { diskTree } from "../../src/host/tree.ts";
import type { Manifest } from "../../src/wire/manifest.ts";
import { waitUntil } from "../../src/wait.ts";
import { plant, run, tempFolder } from "../host/temp_folder.ts";
import { scanTree } from "./scan_tree.ts";

function oneFile(chunks: number, size: number): Manifest {
  const parts = Array.from({ length: chunks }, (_, i) => ({ digest: sha256(`${i}`), size }));
  return { entries: [{ type: "file", path: "f", mode: 0o644, size: chunks * size, chunks: parts }] };
}

Deno.test("contextTar() makes a tar from which the real tar restores the folder", async () => {
  await using folder = await tempFolder();
  const source = `${folder.path}/source`;
  const long = `${"deep-folder-with-a-long-name/".repeat(9)}${"n".repeat(120)}.txt`;
  await plant(source, {
    "Dockerfile": "FROM busybox\n",
    "bin/run": "#!/bin/sh\n",
    "bin/large": crypto.getRandomValues(new Uint8Array(60_000)),
    "empty/folder": {},
    [long]: "long",
    "Übung/日本.txt": "names",
    "link": { link: "bin/run" },
    "broken": { link: `nowhere/${"x".repeat(150)}` },
  });
  await Deno.chmod(`${source}/bin/run`, 0o755);
  await Deno.chmod(`${source}/empty/folder`, 0o700);
  const tree = diskTree(source);
  const { manifest, places } = await scanTree(tree, {
    ignore: parseIgnore(""),
    dockerfile: "Dockerfile",
  });
  const tar = contextTar(manifest, ({ digest }) => {
    const place = places.get(digest);
    assert(place);
    return tree.readRange(place.path, place.offset, place.size);
  });
  await Deno.writeFile(`${folder.path}/context.tar`, tar);

  const target = `${folder.path}/target`;
  await Deno.mkdir(target);
  await run("tar", "-xpf", `${folder.path}/context.tar`, "-C", target);
  await run("diff", "-r", "--no-dereference", source, target);
  const modes = (root: string) => run("bash", "-c", `cd ${root} && find . -mindepth 1 -printf '%M %p %l\\n' | sort`);
  assertEquals(await modes(target), await modes(source));
  const listing = await run("tar", "--numeric-owner", "--utc", "-tvf", `${folder.path}/context.tar`, "Dockerfile");
  assert(/^-rw-r--r-- 0\/0 +13 1970-01-01 00:00 Dockerfile/.test(listing), listing);
});

Deno.test("contextTar() breaks off before the end of the archive when a chunk cannot be read", async () => {
  const read = ({ digest }: { digest: string }) =>
    digest === sha256("1") ? Promise.reject(new Error("bad chunk")) : Promise.resolve(new Uint8Array(1024));
  const seen: number[] = [];
  await assertRejects(
    async () => {
      for await (const part of contextTar(oneFile(3, 1024), read)) seen.push(part.length);
    },
    Error,
    "bad chunk",
  );
  assertLess(seen.reduce((sum, length) => sum + length, 0), 3 * 1024);
});

Deno.test("contextTar() breaks off when a chunk has another size than the manifest says", async () => {
  const tar = contextTar(oneFile(1, 1024), () => Promise.resolve(new Uint8Array(1000)));
  await assertRejects(() => new Response(tar).bytes(), Error, "Size mismatch");
});

Deno.test("contextTar() reads only a few megabytes ahead, and stops when nobody wants more", async () => {
  let reads = 0;
  let idle = 0;
  const tar = contextTar(oneFile(200, 1 << 20), () => {
    reads++;
    idle = 0;
    return Promise.resolve(new Uint8Array(1 << 20));
  });
  const reader = tar.getReader();
  await reader.read();
  await waitUntil(() => ++idle > 5, { what: "the reading pauses", timeoutMs: 5000, intervalMs: 5 });
  assertLess(reads, 20);
  await reader.cancel();
  const before = reads;
  idle = 0;
  await waitUntil(() => ++idle > 5, { what: "the reading has stopped", timeoutMs: 5000, intervalMs: 5 });
  assertEquals(reads, before);
});
