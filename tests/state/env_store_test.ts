import { assertEquals, assertThrows } from "@std/assert";
import { Database } from "../../src/state/database.ts";
import { SqliteEnvStore } from "../../src/state/env_store.ts";
import { tempFolder } from "../host/temp_folder.ts";

const AT = "2026-11-22T10:00:00.000Z";
const LATER = "2026-11-22T11:00:00.000Z";

Deno.test("change() sets, sets again and removes the variables of one service", () => {
  using database = new Database(":memory:");
  const store = new SqliteEnvStore(database);
  const set = [{ name: "B", value: "ü\nx" }, { name: "A", value: "" }];
  store.change("blog", { set, unset: [], by: "ann", at: AT });
  store.change("shop", { set: [{ name: "A", value: "other" }], unset: [], by: "bob", at: AT });
  assertEquals(store.values("blog"), [
    { name: "A", value: "", secret: false, setBy: "ann", setAt: AT },
    { name: "B", value: "ü\nx", secret: false, setBy: "ann", setAt: AT },
  ]);
  store.change("blog", { set: [{ name: "B", value: "2" }], unset: ["A", "none"], by: "bob", at: LATER });
  assertEquals(store.values("blog"), [{ name: "B", value: "2", secret: false, setBy: "bob", setAt: LATER }]);
  assertEquals(store.values("shop").map(({ value }) => value), ["other"]);
});

Deno.test("change() does all or nothing", () => {
  using database = new Database(":memory:");
  const store = new SqliteEnvStore(database);
  database.run(
    "CREATE TRIGGER full BEFORE INSERT ON env_values WHEN NEW.name = 'B' BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  const set = [{ name: "A", value: "1" }, { name: "B", value: "2" }];
  assertThrows(() => store.change("blog", { set, unset: [], by: "ann", at: AT }), Error, "no");
  assertEquals(store.values("blog"), []);
});

Deno.test("the database, and what is beside it, is closed to others even when an earlier one was open", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  const files = [path, `${path}-wal`, `${path}-shm`];
  const modes = () => files.map((file) => (Deno.statSync(file).mode ?? 0) & 0o777);
  {
    using database = new Database(path);
    database.run("DELETE FROM nonces");
    assertEquals(modes(), [0o600, 0o600, 0o600]);
    // A daemon that is killed leaves all three: the copies below are as it would leave them.
    for (const file of files) Deno.copyFileSync(file, `${file}.copy`);
  }
  for (const file of files) {
    Deno.renameSync(`${file}.copy`, file);
    Deno.chmodSync(file, 0o644);
  }
  using database = new Database(path);
  database.run("DELETE FROM nonces");
  assertEquals(modes(), [0o600, 0o600, 0o600]);
});
