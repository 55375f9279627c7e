import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { checkTar, fillFolder, readFolder, writeChanges } from "../../src/host/volume_tar.ts";
import { run, tempFolder } from "./temp_folder.ts";

const FIND = ["-printf", "%P %y %m %U:%G %s %T@ %n %l\\n"];

/** All that is in a folder, with modes, owners, sizes, times, names of links. */
async function listing(folder: string): Promise<string> {
  const lines = (await run("find", folder, "-mindepth", "1", ...FIND)).split("\n").sort();
  // A folder's own size is the file system's business.
  return lines.map((line) => line.replace(/^(\S+ d \S+ \S+) \d+/, "$1")).join("\n");
}

/** Copies a folder, changes it, copies the changes, and unpacks both elsewhere. */
async function roundTrip(root: string, meanwhile: () => Promise<void>): Promise<string> {
  const [from, to, snapshot, changes] = ["from", "to", "snapshot", "changes"].map((name) => `${root}/${name}`);
  if (!from || !to || !snapshot || !changes) throw new Error("four names");
  const first = await Array.fromAsync(readFolder(from, snapshot));
  await meanwhile();
  assertEquals(await writeChanges(from, { snapshot, to: changes }), []);
  assertEquals(((await Deno.stat(changes)).mode ?? 0) & 0o777, 0o600);
  await Deno.mkdir(to);
  await fillFolder(to, ReadableStream.from(first));
  await fillFolder(to, (await Deno.open(changes)).readable);
  return to;
}

Deno.test("a folder that changes while it is copied comes out as it was when it stood still", async () => {
  await checkTar();
  await using folder = await tempFolder();
  const from = `${folder.path}/from`;
  const sh = (script: string) => run("bash", "-ec", `cd ${from}; ${script}`);
  await Deno.mkdir(from);
  await sh(`
    mkdir -p a/b d empty; chmod 1777 empty; echo 1 >a/one; echo 2 >a/b/two; echo 3 >d/three; ln a/one hard; ln -s ../x link
    truncate -s 50M sparse; mkfifo fifo; echo 4 >stays; chown 1000:1001 a/one; chmod 4750 stays; echo gone >gone
    touch -d 2020-01-01 a/one a/b/two stays; echo 5 >"name with
newline and ü"; setfattr -n user.test -v value stays 2>/dev/null || true`);
  const to = await roundTrip(folder.path, async () => {
    await sh(`
      rm gone; mv stays renamed; mv a moved; rm link; mkdir link; echo 6 >link/file; echo 33 >>d/three; rm sparse
      mkdir sparse; echo 7 >sparse/x; mkdir -p d/new; echo 8 >d/new/y; rm -r empty; echo 9 >empty; mkdir a; echo 10 >a/one`);
  });
  assertEquals(await listing(to), await listing(from));
  assertEquals(
    await run("bash", "-c", `cd ${to}; cat renamed d/three moved/b/two a/one; getfattr -d renamed || true`),
    [
      await run("bash", "-c", `cd ${from}; cat renamed d/three moved/b/two a/one; getfattr -d renamed || true`),
    ].join(""),
  );
});

Deno.test("a file that is written again at the same size and within the same moment is in the second copy", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/from/file`;
  await Deno.mkdir(`${folder.path}/from`);
  await Deno.writeTextFile(path, "first ");
  const to = await roundTrip(folder.path, async () => {
    await Deno.writeTextFile(path, "second");
  });
  assertEquals(await Deno.readTextFile(`${to}/file`), "second");
});

Deno.test("links that a hostile service plants, and exchanges for folders, lead nothing out of the folder", async () => {
  await using folder = await tempFolder();
  const outside = `${folder.path}/outside`;
  await Deno.mkdir(outside);
  await Deno.writeTextFile(`${outside}/file`, "safe");
  const from = `${folder.path}/from`;
  await run(
    "bash",
    "-ec",
    `mkdir ${from}; cd ${from}; ln -s ${outside} a; ln -s ../outside b; ln -s ../outside/file c`,
  );
  const to = await roundTrip(folder.path, async () => {
    await run("bash", "-ec", `cd ${from}; rm a b c; mkdir a b; echo evil | tee a/file b/file c >/dev/null; rm b/file`);
  });
  assertEquals(await Deno.readTextFile(`${outside}/file`), "safe");
  assertEquals(await listing(to), await listing(from));
  assertEquals(await Deno.readTextFile(`${to}/a/file`), "evil\n");
});

Deno.test("a folder that is not there, and a copy that is damaged, are told in tar's words", async () => {
  await using folder = await tempFolder();
  const read = Array.fromAsync(readFolder(`${folder.path}/none`, `${folder.path}/snapshot`));
  await assertRejects(() => read, MyPaasError, `Cannot copy "${folder.path}/none": `);
  const damaged = ReadableStream.from([new TextEncoder().encode("no tar ".repeat(1000))]);
  await assertRejects(
    () => fillFolder(folder.path, damaged),
    MyPaasError,
    `Cannot fill "${folder.path}": This does not look like a tar archive`,
  );
});

Deno.test("who stops reading a copy ends tar", async () => {
  await using folder = await tempFolder();
  await using other = await tempFolder();
  await Deno.writeFile(`${folder.path}/large`, new Uint8Array(30 << 20).fill(1));
  for await (const part of readFolder(folder.path, `${other.path}/snapshot`)) {
    if (part.length > 0) break;
  }
});
