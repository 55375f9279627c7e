import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MyPaasError } from "../../src/error.ts";
import { Database, keyPath } from "../../src/state/database.ts";
import { SqliteEnvStore } from "../../src/state/env_store.ts";
import { MIGRATIONS } from "../../src/state/migrations.ts";
import { SqliteRegistryStore } from "../../src/state/registry_store.ts";
import { SqliteReleaseStore } from "../../src/state/release_store.ts";
import { SPEC } from "../deploy/bench_server.ts";

const AT = "2026-01-01T00:00:00.000Z";
const SECRET = "hunter2-in-the-state";

async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/state.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** All that lies in the folder of a state, but its key and the copy of an earlier one. */
async function contents(path: string): Promise<string> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const texts = names.filter((name) => !name.endsWith(".before")).map((name) => Deno.readTextFile(`${folder}/${name}`));
  return (await Promise.all(texts)).join("");
}

Deno.test("values, passwords and environments are in no file of the state, and come back", async () => {
  await withFolder(async (path) => {
    const env = [{ name: "A", value: SECRET }];
    {
      using database = new Database(path);
      new SqliteEnvStore(database).change("blog", { set: env, unset: [], by: "ann", at: AT });
      new SqliteRegistryStore(database).setCredential({ host: "h", username: "u", password: SECRET }, "ann", AT);
      new SqliteReleaseStore(database).createRelease({ spec: SPEC, env, contentDigest: "", by: "ann", at: AT });
      assertEquals((await contents(path)).includes(SECRET), false);
    }
    using database = new Database(path);
    assertEquals(new SqliteEnvStore(database).values("blog")[0]?.value, SECRET);
    assertEquals(new SqliteRegistryStore(database).credential("h")?.password, SECRET);
    assertEquals(new SqliteReleaseStore(database).release(SPEC.name, 1)?.env, env);
    assertEquals(((await Deno.stat(keyPath(path))).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("what an earlier version stored as it is, is encrypted when the state is opened", async () => {
  await withFolder(async (path) => {
    const old = new DatabaseSync(path);
    for (const sql of MIGRATIONS.slice(0, 3)) old.exec(sql);
    old.exec("PRAGMA user_version = 3");
    old.prepare("INSERT INTO env_values VALUES ('blog', 'A', ?, 'ann', ?)").run(SECRET, AT);
    old.close();
    {
      using database = new Database(path);
      database.reserve();
      assertEquals(new SqliteEnvStore(database).values("blog")[0]?.value, SECRET);
    }
    assertEquals((await contents(path)).includes(SECRET), false);
  });
});

Deno.test("without its key, or with another one, a state says what is wrong", async () => {
  await withFolder(async (path) => {
    const set = [{ name: "A", value: SECRET }];
    {
      using database = new Database(path);
      new SqliteEnvStore(database).change("blog", { set, unset: [], by: "ann", at: AT });
    }
    await Deno.remove(keyPath(path));
    assertThrows(() => new Database(path), MyPaasError, "state.key is missing");
    await Deno.writeTextFile(keyPath(path), "A".repeat(43));
    using database = new Database(path);
    const { message } = assertThrows(() => new SqliteEnvStore(database).values("blog"), MyPaasError);
    assertStringIncludes(message, "state.key is not the key it was written with");
  });
});
