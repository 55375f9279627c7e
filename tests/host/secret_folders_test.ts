import { assertEquals } from "@std/assert";
import { DiskSecretFolders } from "../../src/host/secret_folders.ts";

Deno.test("a container's secrets are there all at once, closed to others, and gone when it is", async () => {
  const root = `${await Deno.makeTempDir()}/secrets`;
  const folders = new DiskSecretFolders(root);
  try {
    assertEquals([await folders.isFilled("blog.1.1"), await folders.containers()], [false, []]);
    const folder = await folders.make("blog.1.1");
    assertEquals(await folders.isFilled("blog.1.1"), false);
    await folders.fill("blog.1.1", [{ name: "KEY", value: "value" }], 1000);
    assertEquals([await folders.isFilled("blog.1.1"), await folders.containers()], [true, ["blog.1.1"]]);
    const { mode, uid } = await Deno.stat(`${folder}/KEY`);
    assertEquals([(mode ?? 0) & 0o777, uid, await Deno.readTextFile(`${folder}/KEY`)], [0o400, 1000, "value"]);
    assertEquals(((await Deno.stat(root)).mode ?? 0) & 0o777, 0o700);
    await folders.remove("blog.1.1");
    await folders.remove("blog.1.1");
    assertEquals(await folders.containers(), []);
  } finally {
    await Deno.remove(root.slice(0, -"/secrets".length), { recursive: true });
  }
});
