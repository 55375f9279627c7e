import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { ensureFolder, readText, removeTree, replaceFile } from "../../src/host/files.ts";
import { plant, tempFolder } from "./temp_folder.ts";

async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o7777;
}

Deno.test("replaceFile() gives a file its new content and mode, and leaves nothing else behind", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/routes.yml`;
  await replaceFile(path, "old", 0o666);
  assertEquals(await modeOf(path), 0o666);
  const before = await Deno.open(path);
  await replaceFile(path, new TextEncoder().encode("new"), 0o600);
  assertEquals(await new Response(before.readable).text(), "old");
  assertEquals([await readText(path), await modeOf(path)], ["new", 0o600]);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["routes.yml"]);
});

Deno.test("replaceFile() lets nothing but the file itself appear in its folder when the way is through another", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/watched`);
  using events = Deno.watchFs(`${folder.path}/watched`);
  await replaceFile(`${folder.path}/watched/routes.yml`, "a", 0o600, { through: folder.path });
  await Deno.remove(`${folder.path}/watched/routes.yml`);
  const seen: string[] = [];
  for await (const { kind, paths } of events) {
    seen.push(...paths);
    if (kind === "remove") break;
  }
  assertEquals(new Set(seen), new Set([`${folder.path}/watched/routes.yml`]));
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["watched"]);
});

Deno.test("replaceFile() leaves the old file alone when it fails", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "taken/inside": "" });
  await assertRejects(() => replaceFile(`${folder.path}/taken`, "x", 0o600), Error);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["taken"]);
});

Deno.test("readText() gives undefined for a missing file only", async () => {
  await using folder = await tempFolder();
  assertEquals(await readText(`${folder.path}/none`), undefined);
  await assertRejects(() => readText(folder.path), Error);
});

Deno.test("ensureFolder() tells whether it changed anything", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a/b`;
  assert(await ensureFolder(path, 0o750));
  assertEquals(await modeOf(path), 0o750);
  assertFalse(await ensureFolder(path, 0o750));
  assert(await ensureFolder(path, 0o700));
  assertEquals(await modeOf(path), 0o700);
  await plant(folder.path, { "file": "" });
  await assertRejects(() => ensureFolder(`${folder.path}/file`, 0o700), Deno.errors.NotADirectory);
});

Deno.test({
  name: "ensureFolder() gives a folder its owner",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = await tempFolder();
    const path = `${folder.path}/gate`;
    assert(await ensureFolder(path, 0o2750, { uid: 0, gid: 65532 }));
    const { gid } = await Deno.stat(path);
    assertEquals([gid, await modeOf(path)], [65532, 0o2750]);
    assertFalse(await ensureFolder(path, 0o2750, { uid: 0, gid: 65532 }));
  },
});

Deno.test("removeTree() removes links, not what they lead to, and takes a missing folder for removed", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "kept/a": "1", "gone/sub/b": "2", "gone/link": { link: "../kept" } });
  await removeTree(`${folder.path}/gone`);
  await removeTree(`${folder.path}/gone`);
  assertEquals(await readText(`${folder.path}/kept/a`), "1");
});
