import { assertEquals, assertRejects } from "@std/assert";
import { AuthError } from "../../src/error.ts";
import { readPrivateFile } from "../../src/host/private_file.ts";
import { tempFolder } from "./temp_folder.ts";

Deno.test("readPrivateFile() reads what is for its owner alone, and nothing that others may read or write", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/key`;
  assertEquals(await readPrivateFile(path), undefined);
  await Deno.writeTextFile(path, "content\n");
  for (const mode of [0o600, 0o400, 0o700]) {
    await Deno.chmod(path, mode);
    assertEquals(await readPrivateFile(path), "content\n");
  }
  for (const mode of [0o640, 0o604, 0o620, 0o644, 0o777]) {
    await Deno.chmod(path, mode);
    const { message, hint } = await assertRejects(() => readPrivateFile(path), AuthError);
    assertEquals(message, `Cannot use the key "${path}": others may read it (its mode is ${mode.toString(8)})`);
    assertEquals(hint, `chmod 600 ${path}`);
  }
});

Deno.test("readPrivateFile() refuses a folder, and what is too long for a key", async () => {
  await using folder = await tempFolder();
  await assertRejects(() => readPrivateFile(folder.path), AuthError, "it is a folder");
  await Deno.writeFile(`${folder.path}/long`, new Uint8Array(64 << 10), { mode: 0o600 });
  await assertRejects(() => readPrivateFile(`${folder.path}/long`), AuthError, "it is too long for a key");
});
