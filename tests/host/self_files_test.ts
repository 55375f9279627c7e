import { assert, assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { elfInterpreter, mappedLibraries, receiverImageTar, selfFiles } from "../../src/host/self_files.ts";
import { plant, run, tempFolder } from "./temp_folder.ts";

Deno.test("mappedLibraries() finds each shared library once", () => {
  const maps = [
    "55d0-55e0 r-xp 00000000 08:01 42                         /usr/local/bin/mypaas",
    "7f00-7f10 r--p 00000000 08:01 43                         /usr/lib/x86_64-linux-gnu/libc.so.6",
    "7f10-7f20 r-xp 00001000 08:01 43                         /usr/lib/x86_64-linux-gnu/libc.so.6",
    "7f20-7f30 r-xp 00001000 08:01 44                         /usr/lib/a b/libm-2.31.so (deleted)",
    "7f30-7f40 rw-p 00000000 00:00 0                          [heap]",
    "7f40-7f50 rw-p 00000000 00:00 0 ",
    "7f50-7f60 r--p 00000000 08:01 45                         /usr/lib/locale/sound.sock",
  ].join("\n");
  assertEquals(mappedLibraries(maps), ["/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/a b/libm-2.31.so"]);
});

Deno.test("elfInterpreter() finds the loader of this program, and refuses what is none", async () => {
  const loader = await elfInterpreter(Deno.execPath());
  assert((await Deno.stat(loader)).isFile, loader);
  await using folder = await tempFolder();
  await plant(folder.path, { "script": "#!/bin/sh\n".padEnd(100), "short": "x" });
  await assertRejects(() => elfInterpreter(`${folder.path}/script`), MyPaasError, "it is no ELF program");
  await assertRejects(() => elfInterpreter(`${folder.path}/short`), MyPaasError, "it is no ELF program");
});

Deno.test("receiverImageTar() holds the loader, the libraries and empty folders", async () => {
  await using folder = await tempFolder();
  await Deno.writeFile(`${folder.path}/image.tar`, receiverImageTar());
  await run("tar", "-xpf", `${folder.path}/image.tar`, "-C", folder.path);
  for (const { path, bytes } of await selfFiles()) assertEquals(await Deno.readFile(folder.path + path), bytes);
  assertEquals(((await Deno.stat(`${folder.path}/tmp`)).mode ?? 0) & 0o7777, 0o1777);
  assertEquals([...Deno.readDirSync(`${folder.path}/usr/local/bin`)], []);
});

Deno.test({
  name: "receiverImageTar() makes a root in which this program runs",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = await tempFolder();
    await Deno.writeFile(`${folder.path}/image.tar`, receiverImageTar());
    await run("tar", "-xpf", `${folder.path}/image.tar`, "-C", folder.path);
    await Deno.remove(`${folder.path}/image.tar`);
    await Deno.copyFile(Deno.execPath(), `${folder.path}/usr/local/bin/mypaas`);
    const version = await run("chroot", folder.path, "/usr/local/bin/mypaas", "--version");
    assert(version.includes(Deno.version.deno), version);
  },
});
