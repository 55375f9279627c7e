import { assert, assertEquals } from "@std/assert";
import { tryLock } from "../../src/host/lock.ts";
import { startChild } from "./child.ts";
import { tempFolder } from "./temp_folder.ts";

Deno.test("tryLock() says at once that another process holds the lock, and gets it when that one is killed", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.lock`;
  const module = new URL("../../src/host/lock.ts", import.meta.url);
  {
    await using _child = await startChild(`
      import { tryLock } from ${JSON.stringify(module)};
      globalThis.lock = tryLock(${JSON.stringify(path)});
      console.log(lock === undefined ? "refused" : "held");
      setInterval(() => {}, 1000);
    `);
    assertEquals(_child.line, "held");
    assertEquals(tryLock(path), undefined);
  }
  using lock = tryLock(path);
  assert(lock);
});

Deno.test("tryLock() gives a lock once until it is released", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.lock`;
  const first = tryLock(path);
  assert(first);
  assertEquals(tryLock(path), undefined);
  first.release();
  using second = tryLock(path);
  assert(second);
});
