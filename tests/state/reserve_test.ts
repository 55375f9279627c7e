import { assertEquals } from "@std/assert";
import { Database } from "../../src/state/database.ts";
import { tempFolder } from "../host/temp_folder.ts";

Deno.test("after reserve() a thousand writes make no file of the state longer", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  using database = new Database(path);
  database.reserve();
  const sizes = () => Promise.all([path, `${path}-wal`].map(async (file) => (await Deno.stat(file)).size));
  const before = await sizes();
  for (let write = 0; write < 1000; write++) {
    database.run(
      "INSERT INTO address_cursors (network, address) VALUES (?, ?) ON CONFLICT DO UPDATE SET address = excluded.address",
      `network ${write % 50}`,
      `address ${write}`,
    );
  }
  assertEquals(await sizes(), before);
});

Deno.test("what a power cut has left of reserve() goes with the next one", async () => {
  await using folder = await tempFolder();
  using database = new Database(`${folder.path}/state.db`);
  database.run("CREATE TABLE reserve (bytes BLOB)");
  database.reserve();
  assertEquals(database.all("SELECT name FROM sqlite_schema WHERE name = 'reserve'"), []);
});
