import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChangedFile } from "../../src/archive/changed_file.ts";
import { parseIgnore } from "../../src/archive/ignore.ts";
import { listContext, readIgnore } from "../../src/archive/context_list.ts";
import { MAX_CHUNK_BYTES, type Tree } from "../../src/archive/tree.ts";
import { UsageError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import { diskTree } from "../../src/host/tree.ts";
import { type Scanned, scanTree } from "./scan_tree.ts";
import { plant, run, tempFolder } from "../host/temp_folder.ts";

function scan(root: string, ignore = "", dockerfile = "Dockerfile"): Promise<Scanned> {
  return scanTree(diskTree(root), { ignore: parseIgnore(ignore), dockerfile });
}

function paths({ manifest }: Scanned): readonly string[] {
  return manifest.entries.map(({ path }) => path);
}

Deno.test("scanTree() lists files, folders and links as they are, sorted by code units", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "Dockerfile": "FROM busybox\n",
    "a/x": "1",
    "a-b": "2",
    "empty": {},
    "link": { link: "../outside" },
    "Ü.txt": "3",
    "run.sh": "4",
    "nothing": "",
  });
  await Deno.chmod(`${folder.path}/run.sh`, 0o755);
  await Deno.chmod(`${folder.path}/a`, 0o750);
  await Deno.chmod(`${folder.path}/a-b`, 0o644);
  const found = await scan(folder.path);
  assertEquals(paths(found), ["Dockerfile", "a", "a-b", "a/x", "empty", "link", "nothing", "run.sh", "Ü.txt"]);
  const entry = (path: string) => found.manifest.entries.find((entry) => entry.path === path);
  assertEquals(entry("a"), { type: "dir", path: "a", mode: 0o750 });
  assertEquals(entry("a-b"), {
    type: "file",
    path: "a-b",
    mode: 0o644,
    size: 1,
    chunks: [{ digest: sha256("2"), size: 1 }],
  });
  assertEquals(entry("link"), { type: "link", path: "link", target: "../outside" });
  assertEquals(entry("nothing")?.type === "file" && entry("nothing"), {
    type: "file",
    path: "nothing",
    mode: 0o644,
    size: 0,
    chunks: [],
  });
});

Deno.test("scanTree() cuts a large file into chunks that can be read again", async () => {
  await using folder = await tempFolder();
  const large = new Uint8Array(2 * MAX_CHUNK_BYTES + 5).map((_, i) => i >> 12);
  await plant(folder.path, { "Dockerfile": "FROM busybox\n", "large": large });
  const { manifest, places } = await scan(folder.path);
  const entry = manifest.entries.find(({ path }) => path === "large");
  assert(entry?.type === "file");
  assertEquals(entry.size, large.length);
  assert(entry.chunks.length >= 3);
  const tree = diskTree(folder.path);
  for (const { digest } of entry.chunks) {
    const place = places.get(digest);
    assert(place);
    assertEquals(sha256(await tree.readRange(place.path, place.offset, place.size)), digest);
  }
});

Deno.test("scanTree() keeps what an exception keeps, with the folders above it, and always the Dockerfile", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "docker/Dockerfile": "FROM busybox\n",
    "docker/other": "",
    "docs/a.md": "",
    "docs/deep/keep.md": "",
    "docs/deep/b.md": "",
    "src/main.ts": "",
  });
  const found = await scan(folder.path, "*\n!docs/deep/keep.md\n!src", "docker/Dockerfile");
  assertEquals(paths(found), [
    "docker",
    "docker/Dockerfile",
    "docs",
    "docs/deep",
    "docs/deep/keep.md",
    "src",
    "src/main.ts",
  ]);
});

Deno.test("scanTree() does not look into an ignored folder where nothing can be kept", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "", "node_modules/a/b": "", "src/a": "" });
  const disk = diskTree(folder.path);
  const listed: string[] = [];
  const tree: Tree = { ...disk, list: (path) => (listed.push(path), disk.list(path)) };
  await listContext(tree, { ignore: parseIgnore("node_modules\n!*.md"), dockerfile: "Dockerfile" });
  assertEquals(listed, ["", "src"]);
});

Deno.test("scanTree() names a pipe, unless it is ignored", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "", "run/x": "" });
  await run("mkfifo", `${folder.path}/run/pipe`);
  await assertRejects(
    () => scan(folder.path),
    UsageError,
    'Cannot send "run/pipe": it is a pipe',
  );
  assertEquals(paths(await scan(folder.path, "run/pipe")), ["Dockerfile", "run", "run/x"]);
});

Deno.test("scanTree() marks an ignored Dockerfile, and leaves out an ignored .dockerignore", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "FROM busybox\n", ".dockerignore": "", "a": "" });
  const marked = async (ignore: string) =>
    (await scan(folder.path, ignore)).manifest.entries.map((entry) => [
      entry.path,
      entry.type === "file" && entry.buildOnly === true,
    ]);
  assertEquals(await marked("Dockerfile\n.dockerignore"), [["Dockerfile", true], ["a", false]]);
  assertEquals(await marked("Dockerfile\n!Dockerfile"), [[".dockerignore", false], ["Dockerfile", false], [
    "a",
    false,
  ]]);
});

Deno.test("scanTree() reads a file again that changed while it was read, and names one that goes on", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "", "log": "1" });
  const disk = diskTree(folder.path);
  const writing = (times: number): Tree => ({
    ...disk,
    async *read(path) {
      for await (const part of disk.read(path)) {
        yield part;
        if (path === "log" && times-- > 0) await Deno.writeTextFile(`${folder.path}/log`, "2", { append: true });
      }
    },
  });
  const options = { ignore: parseIgnore(""), dockerfile: "Dockerfile" };
  const { manifest } = await scanTree(writing(2), options);
  assertEquals(manifest.entries.find(({ path }) => path === "log"), {
    type: "file",
    path: "log",
    mode: 0o644,
    size: 3,
    chunks: [{ digest: sha256("122"), size: 3 }],
  });
  await assertRejects(() => scanTree(writing(100), options), ChangedFile, 'Cannot send "log": it changed');
});

Deno.test("scanTree() says that there is no Dockerfile", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile/x": "" });
  await assertRejects(() => scan(folder.path), UsageError, 'Cannot find the Dockerfile "Dockerfile"');
});

Deno.test("readIgnore() prefers the ignore file of the Dockerfile to the context's", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "docker/web.Dockerfile.dockerignore": "own", ".dockerignore": "common" });
  const tree = diskTree(folder.path);
  const own = await readIgnore(tree, "docker/web.Dockerfile");
  assertEquals([own.isIgnored("own"), own.isIgnored("common")], [true, false]);
  const common = await readIgnore(tree, "Dockerfile");
  assertEquals([common.isIgnored("own"), common.isIgnored("common")], [false, true]);
});
