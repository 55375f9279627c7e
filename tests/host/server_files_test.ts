import { assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "../../src/host/hash.ts";
import { DiskServerFiles } from "../../src/host/server_files.ts";

/** Runs with a folder of its own. */
async function inFolder(use: (folder: string, files: DiskServerFiles) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder, new DiskServerFiles());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("write() replaces a file, mode included, and find() and read() see it", async () => {
  await inFolder(async (folder, files) => {
    const path = `${folder}/server.yml`;
    assertEquals([await files.find(path), await files.read(path), await files.digest(path)], [
      undefined,
      undefined,
      undefined,
    ]);
    await Deno.writeTextFile(path, "old", { mode: 0o644 });
    await files.write({ path, text: "new", mode: 0o600 });
    assertEquals(await files.read(path), "new");
    assertEquals((await files.find(path))?.mode, 0o600);
    assertEquals(await files.digest(path), sha256("new"));
  });
});

Deno.test("find() follows a link: state may live on another disk", async () => {
  await inFolder(async (folder, files) => {
    await Deno.mkdir(`${folder}/disk`);
    await Deno.symlink(`${folder}/disk`, `${folder}/lib`);
    assertEquals((await files.find(`${folder}/lib`))?.kind, "folder");
    await files.remove(`${folder}/lib`);
    assertEquals((await files.find(`${folder}/disk`))?.kind, "folder");
  });
});

Deno.test({
  name: "makeFolder() makes parents that others can pass, and the folder itself as it is wanted",
  ignore: Deno.uid() !== 0,
  async fn() {
    await inFolder(async (folder, files) => {
      const path = `${folder}/var/lib/mypaas`;
      await files.makeFolder({ path, mode: 0o700, uid: 65532, gid: 65532, ours: true });
      assertEquals(await files.find(path), { kind: "folder", mode: 0o700, uid: 65532, gid: 65532 });
      assertEquals((await files.find(`${folder}/var/lib`))?.mode, 0o755);
    });
  },
});

Deno.test("copyProgram() puts a new file there; who has the old one open keeps it", async () => {
  await inFolder(async (folder, files) => {
    const to = `${folder}/bin/mypaas`;
    await Deno.writeTextFile(`${folder}/a`, "one");
    await files.copyProgram(`${folder}/a`, to);
    using old = await Deno.open(to);
    await Deno.writeTextFile(`${folder}/a`, "two");
    await files.copyProgram(`${folder}/a`, to);
    assertEquals(await Deno.readTextFile(to), "two");
    assertEquals((await files.find(to))?.mode, 0o755);
    const buffer = new Uint8Array(3);
    await old.read(buffer);
    assertEquals(new TextDecoder().decode(buffer), "one");
  });
});

Deno.test("removeIfEmpty() leaves a folder with something in it, remove() does not", async () => {
  await inFolder(async (folder, files) => {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    await files.removeIfEmpty(`${folder}/a`);
    assertEquals((await files.find(`${folder}/a/b`))?.kind, "folder");
    await files.removeIfEmpty(`${folder}/a/b`);
    await files.remove(`${folder}/a`);
    await files.remove(`${folder}/a`);
    await assertRejects(() => Deno.stat(`${folder}/a`), Deno.errors.NotFound);
  });
});
