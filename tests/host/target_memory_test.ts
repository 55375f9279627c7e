import { assertEquals } from "@std/assert";
import { targetMemory } from "../../src/host/target_memory.ts";

const PROD = { id: "a1", name: "prod", url: "https://shop.example" };
const STAGING = { id: "b2", name: "staging", url: "https://203.0.113.7" };

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-memory-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("targetMemory() remembers the servers of a folder's service, the last one first", () =>
  inFolder(async (folder) => {
    const project = { folder, service: "shop" };
    const memory = targetMemory(`${folder}/config`);
    assertEquals(await memory.targets(project), []);
    await memory.remember(project, PROD);
    await memory.remember(project, STAGING);
    await memory.remember(project, { ...PROD, name: "production" });
    assertEquals(await targetMemory(`${folder}/config`).targets(project), [{ ...PROD, name: "production" }, STAGING]);
    assertEquals(await memory.targets({ folder, service: "blog" }), []);
    assertEquals(await memory.targets({ folder: "/", service: "shop" }), []);
    assertEquals((await Deno.stat(`${folder}/config/pushed.json`)).mode, 0o100600);
  }));

Deno.test("targetMemory() knows a folder whichever way it is reached", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/app`);
    await Deno.symlink("app", `${folder}/link`);
    const memory = targetMemory(folder);
    await memory.remember({ folder: `${folder}/link`, service: "shop" }, PROD);
    assertEquals(await memory.targets({ folder: `${folder}/app`, service: "shop" }), [PROD]);
  }));

Deno.test("targetMemory() stops no push: a broken file is empty, one that cannot be written is left, and no folder is none", () =>
  inFolder(async (folder) => {
    const project = { folder, service: "shop" };
    for (const text of ["{", '"x"', '[{"folder": 1}, null]', '[{"folder": "/", "service": "shop", "servers": [7]}]']) {
      await Deno.writeTextFile(`${folder}/pushed.json`, text);
      assertEquals(await targetMemory(folder).targets(project), []);
    }
    await targetMemory(folder).remember(project, PROD);
    assertEquals(await targetMemory(folder).targets(project), [PROD]);
    await targetMemory(`${folder}/pushed.json/below`).remember(project, PROD);
    const none = targetMemory(undefined);
    await none.remember(project, PROD);
    assertEquals(await none.targets(project), []);
  }));

Deno.test("targetMemory() forgets the projects that were not pushed for the longest", () =>
  inFolder(async (folder) => {
    const memory = targetMemory(folder);
    const servers = [PROD];
    const entries = Array.from({ length: 1000 }, (_, i) => ({ folder: "/", service: `s${i}`, servers }));
    await Deno.writeTextFile(`${folder}/pushed.json`, JSON.stringify(entries));
    await memory.remember({ folder: "/", service: "shop" }, PROD);
    const known = async (service: string) => (await memory.targets({ folder: "/", service })).length;
    assertEquals([await known("shop"), await known("s998"), await known("s999")], [1, 1, 0]);
  }));
