import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MyPaasError } from "../../src/error.ts";
import { checkState, copyPath, copyState, Database, restoreCopy } from "../../src/state/database.ts";
import { MIGRATIONS } from "../../src/state/migrations.ts";
import { tempFolder } from "../host/temp_folder.ts";

/** A state as the first version wrote it, with one invite. */
function firstState(path: string): void {
  using database = new DatabaseSync(path);
  database.exec(MIGRATIONS[0] ?? "");
  database.exec(`PRAGMA user_version = 1;
    INSERT INTO invites VALUES ('id', 'secret', 'ann', 'admin', '["*"]', 'root', '2026-11-22T10:00:00.000Z', NULL)`);
}

function schema(path: string): unknown {
  using database = new DatabaseSync(path);
  return database.prepare("PRAGMA user_version").get()?.["user_version"];
}

Deno.test("a state is kept as it was before its schema changes, closed to others, and can be put back", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  firstState(path);
  {
    using database = new Database(path);
    database.run("DELETE FROM invites");
  }
  assertEquals([schema(path), schema(copyPath(path))], [MIGRATIONS.length, 1]);
  assertEquals((await Deno.stat(copyPath(path))).mode ?? 0, 0o100600);
  await Deno.writeTextFile(`${path}-wal`, "of the newer state");
  await restoreCopy(path);
  assertEquals(schema(path), 1);
  using database = new Database(path);
  assertEquals(
    database.all("SELECT id FROM invites"),
    [{ id: "id" }].map((row) => Object.assign(Object.create(null), row)),
  );
  await restoreCopy(`${folder.path}/none.db`);
});

Deno.test("a state with today's schema is opened without a copy", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  for (let i = 0; i < 2; i++) new Database(path)[Symbol.dispose]();
  assertEquals((await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name).sort(), [
    "state.db",
    "state.key",
  ]);
});

Deno.test("checkState() refuses what a newer version wrote, and changes nothing", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  await checkState(path);
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
  firstState(path);
  await checkState(path);
  assertEquals(schema(path), 1);
  {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
  }
  const words = `a newer version of MyPaas wrote it (schema 99, this one knows ${MIGRATIONS.length})`;
  await assertRejects(() => checkState(path), MyPaasError, words);
  assertThrows(() => new Database(path), MyPaasError, words);
});

Deno.test("copyState() copies a state that is written meanwhile, for root alone", async () => {
  await using folder = await tempFolder();
  const [from, to] = [`${folder.path}/state.db`, `${folder.path}/copy.db`];
  using database = new Database(from);
  database.run("INSERT INTO address_cursors VALUES ('ingress', '10.0.0.1')");
  database.run("BEGIN IMMEDIATE");
  database.run("INSERT INTO address_cursors VALUES ('internal', '10.0.0.2')");
  copyState(from, to);
  database.run("COMMIT");
  assertEquals(((await Deno.stat(to)).mode ?? 0) & 0o777, 0o600);
  await Deno.copyFile(`${folder.path}/state.key`, `${folder.path}/copy.key`);
  using copy = new Database(to);
  assertEquals(copy.all("SELECT network FROM address_cursors"), [{ network: "ingress" }]);
  assertThrows(() => copyState(`${folder.path}/none.db`, to), MyPaasError, "the file cannot be opened");
});
