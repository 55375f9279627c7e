import { assert, assertEquals } from "@std/assert";
import { pushCacheFolder } from "../../src/host/push_cache.ts";
import { tempFolder } from "./temp_folder.ts";

Deno.test("pushCacheFolder() gives back what was saved under a key, in files of the user alone", async () => {
  await using temp = await tempFolder();
  const folder = `${temp.path}/cache/push`;
  const cache = pushCacheFolder(folder);
  assertEquals(await cache.load(["a"]), undefined);
  await cache.save(["a"], "one\nü");
  await cache.save(["a", "b"], "two");
  assertEquals([await cache.load(["a"]), await cache.load(["a", "b"])], ["one\nü", "two"]);
  await cache.save(["a"], "three");
  assertEquals(await cache.load(["a"]), "three");
  const modes = await Array.fromAsync(
    Deno.readDir(folder),
    async ({ name }) => (await Deno.stat(`${folder}/${name}`)).mode,
  );
  assertEquals(modes.map((mode) => (mode ?? 0) & 0o777), [0o600, 0o600]);
  assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("pushCacheFolder() takes a file that was changed or cut off as none", async () => {
  await using temp = await tempFolder();
  const cache = pushCacheFolder(temp.path);
  await cache.save(["a"], "a long enough text");
  const [entry] = await Array.fromAsync(Deno.readDir(temp.path));
  const path = `${temp.path}/${entry?.name}`;
  const good = await Deno.readTextFile(path);
  for (const bad of [good.replace("long", "lang"), good.slice(0, -1), good.slice(0, 20), "", "\0".repeat(100)]) {
    await Deno.writeTextFile(path, bad);
    assertEquals(await cache.load(["a"]), undefined);
  }
});

Deno.test("pushCacheFolder() that cannot be written keeps nothing and says nothing", async () => {
  await using temp = await tempFolder();
  await Deno.writeTextFile(`${temp.path}/file`, "");
  const cache = pushCacheFolder(`${temp.path}/file/push`);
  await cache.save(["a"], "one");
  assertEquals(await cache.load(["a"]), undefined);
});

Deno.test("pushCacheFolder() keeps the 64 texts that were written last", async () => {
  await using temp = await tempFolder();
  const cache = pushCacheFolder(temp.path);
  for (let i = 0; i < 70; i++) {
    await cache.save([`${i}`], `${i}`);
    if (i === 0) await age(temp.path);
  }
  assertEquals((await Array.fromAsync(Deno.readDir(temp.path))).length, 64);
  assertEquals([await cache.load(["0"]), await cache.load(["69"])], [undefined, "69"]);
});

async function age(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    assert(name.length === 64);
    await Deno.utime(`${folder}/${name}`, 0, 0);
  }
}
