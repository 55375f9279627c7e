import { assertEquals, assertRejects } from "@std/assert";
import { ChangedFile } from "../../src/archive/changed_file.ts";
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
  assertEquals(await tree.text("none"), undefined);
  await plant(folder.path, { "a/x": "" });
  await assertRejects(() => tree.text("a"), UsageError, 'Cannot read "a": it is a folder');
});

Deno.test("readRange() notices that a file has become shorter or is gone", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "a": "0123456789" });
  const tree = diskTree(folder.path);
  assertEquals(new TextDecoder().decode(await tree.readRange("a", 3, 4)), "3456");
  await assertRejects(() => tree.readRange("a", 8, 4), MyPaasError, "it changed while it was read");
  await assertRejects(() => tree.readRange("b", 0, 1), UsageError, "it is not there");
});

Deno.test("diskTree() finds names and targets that are not UTF-8, and says what cannot be sent", async () => {
  await using folder = await tempFolder();
  await run(
    "bash",
    "-c",
    `cd ${folder.path} && touch $'caf\\xe9' é $'\\xef\\xbf\\xbd' && ln -s $'bad\\xff' link && mkfifo pipe`,
  );
  using _socket = Deno.listen({ transport: "unix", path: `${folder.path}/socket` });
  const entries = await diskTree(folder.path).list("");
  assertEquals(entries.map(({ path, type, fault }) => [path, type, fault]), [
    ["caf\uFFFD", "other", "its name is not valid UTF-8"],
    ["link", "other", "the target of this link is not valid UTF-8"],
    ["pipe", "other", "it is a pipe"],
    ["socket", "other", "it is a socket"],
    ["é", "file", ""],
    ["\uFFFD", "file", ""],
  ]);
});

Deno.test("read() notices that a file was written to meanwhile", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "a\nb": "0123456789" });
  const parts = diskTree(folder.path).read("a\nb")[Symbol.asyncIterator]();
  assertEquals((await parts.next()).value?.length, 10);
  await Deno.writeTextFile(`${folder.path}/a\nb`, "more", { append: true });
  await assertRejects(() => parts.next(), ChangedFile, 'Cannot send "a\\nb": it changed while it was read');
});
