import { assertEquals } from "@std/assert";
import { listContext, readIgnore } from "../../src/archive/context_list.ts";
import { filesJson, renderFiles } from "../../src/client/files_text.ts";
import { diskTree } from "../../src/host/tree.ts";
import { plant, tempFolder } from "../host/temp_folder.ts";

async function listing(root: string) {
  const tree = diskTree(root);
  return await listContext(tree, { ignore: await readIgnore(tree, "Dockerfile"), dockerfile: "Dockerfile" });
}

Deno.test("renderFiles() has a line for each entry, escapes what could act on a terminal, and sums up", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "Dockerfile": "FROM busybox\n",
    "a/large": "x".repeat(1500),
    "a/link": { link: "../\x1b[31m" },
    "evil\x1b]0;title\x07\n\u202eexe": "1",
    "-rf": "",
  });
  assertEquals(renderFiles(await listing(folder.path)), [
    "   0 B  -rf",
    "  13 B  Dockerfile",
    "        a/",
    "1.5 kB  a/large",
    "        a/link -> ../\\x1b[31m",
    "   1 B  evil\\x1b]0;title\\x07\\n\\u202eexe",
    "4 files, 1.5 kB",
  ]);
});

Deno.test("renderFiles() and filesJson() leave out an ignored Dockerfile; only people are told of it", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "Dockerfile": "FROM busybox\n",
    "a\n": "12",
    "d": {},
    ".dockerignore": "Dockerfile\n.dockerignore",
  });
  await Deno.chmod(`${folder.path}/a\n`, 0o640);
  await Deno.chmod(`${folder.path}/d`, 0o700);
  const entries = await listing(folder.path);
  assertEquals(filesJson(entries), {
    files: [{ path: "a\n", type: "file", mode: 0o640, size: 2 }, { path: "d", type: "dir", mode: 0o700, size: 0 }],
  });
  assertEquals(renderFiles(entries), [
    "2 B  a\\n",
    "     d/",
    "Dockerfile is ignored; the server builds from it",
    "1 file, 2 B",
  ]);
});
