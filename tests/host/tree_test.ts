import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { diskTree } from "../../src/host/tree.ts";
import { plant, run, tempFolder } from "./temp_folder.ts";

Deno.test("diskTree() says what every entry is without following links", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "b.txt": "12", "a/x": "", "to-folder": { link: "a" }, "to-nothing": { link: "none" } });
  await run("mkfifo", `${folder.path}/pipe`);
  const entries = await diskTree(folder.path).list("");
  assertEquals(entries.map(({ path, type, target }) => [path, type, target]), [
    ["a", "dir", ""],
    ["b.txt", "file", ""],
    ["pipe", "other", ""],
    ["to-folder", "link", "a"],
    ["to-nothing", "link", "none"],
  ]);
  assertEquals((await diskTree(folder.path).list("a")).map(({ path }) => path), ["a/x"]);
});

Deno.test("diskTree() says in a sentence what cannot be read", async () => {
  await using folder = await tempFolder();
  const tree = diskTree(folder.path);
  await assertRejects(() => tree.list("none"), UsageError, 'Cannot read "none": it is not there');
  await assertRejects(() => diskTree(`${folder.path}/none`).list(""), UsageError, "it is not there");
  await run("bash", "-c", `ln -s $'bad\\xff' ${folder.path}/link`);
  await assertRejects(() => tree.list(""), UsageError, "a link whose target is not valid UTF-8");
  assertEquals(await tree.text("none"), undefined);
});

Deno.test("readRange() notices that a file has become shorter or is gone", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "a": "0123456789" });
  const tree = diskTree(folder.path);
  assertEquals(new TextDecoder().decode(await tree.readRange("a", 3, 4)), "3456");
  await assertRejects(() => tree.readRange("a", 8, 4), MyPaasError, "it has become shorter");
  await assertRejects(() => tree.readRange("b", 0, 1), UsageError, "it is not there");
});
