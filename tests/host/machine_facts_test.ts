import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  clockFacts,
  diskFacts,
  folderBytes,
  memoryFacts,
  ownAddresses,
  packetFilter,
} from "../../src/host/machine_facts.ts";

Deno.test("clockFacts() asks the kernel, which knows whether its clock is kept", () => {
  assertEquals(typeof clockFacts().synchronised, "boolean");
});

Deno.test("memoryFacts() gives bytes", async () => {
  const { total, available } = await memoryFacts();
  assertGreater(total, 2 ** 26);
  assert(available > 0 && available <= total, `${available} of ${total}`);
});

Deno.test("diskFacts() gives each disk once, with all paths on it, and leaves out what is not there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/a`);
    const disks = await diskFacts([folder, `${folder}/a`, `${folder}/none`]);
    assertEquals(disks.map(({ paths }) => paths), [[folder, `${folder}/a`]]);
    assertGreater(disks[0]?.free ?? 0, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("folderBytes() counts what files take on the disk, and a missing folder as nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    await Deno.writeFile(`${folder}/a/b/c`, new Uint8Array(20_000).fill(1));
    const { signal } = new AbortController();
    const bytes = await folderBytes(folder, signal);
    assert(bytes >= 20_000 && bytes < 100_000, `${bytes}`);
    assertEquals(await folderBytes(`${folder}/none`, signal), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("packetFilter() gives texts or nothing, and never fails", async () => {
  const { tables, nft } = await packetFilter(false);
  assert(tables.every((text) => text.includes("*filter") || text === ""), tables.join("\n"));
  assert(nft === undefined || typeof nft === "string");
});

Deno.test("ownAddresses() has the loopback address", () => {
  assert(ownAddresses().includes("127.0.0.1"));
});
