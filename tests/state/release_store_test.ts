import { assert, assertEquals, assertThrows } from "@std/assert";
import { AuthError, MyPaasError } from "../../src/error.ts";
import { Database } from "../../src/state/database.ts";
import { MIGRATIONS } from "../../src/state/migrations.ts";
import { SqliteAuditLog } from "../../src/state/audit_log.ts";
import { SqliteKeyStore } from "../../src/state/key_store.ts";
import { SqliteReleaseStore } from "../../src/state/release_store.ts";
import { SPEC } from "../deploy/bench_server.ts";

const AT = "2026-11-22T10:00:00.000Z";

function newRelease(store: SqliteReleaseStore, service = "blog") {
  const spec = { ...SPEC, name: service };
  return store.createRelease({ spec, env: [{ name: "A", value: "1" }], contentDigest: "d", by: "root@local", at: AT });
}

Deno.test("createRelease() numbers the releases of each service from 1", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  assertEquals([newRelease(store), newRelease(store), newRelease(store, "shop")].map(({ number }) => number), [
    1,
    2,
    1,
  ]);
  assertEquals(store.services(), ["blog", "shop"]);
  assertEquals(store.release("blog", 2)?.env, [{ name: "A", value: "1" }]);
});

Deno.test("a release that an earlier version stored is read with what it lacked filled in", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  newRelease(store);
  const { sites: _sites, publish: _publish, hsts: _hsts, ...old } = SPEC;
  const stored = JSON.stringify({ ...old, domains: ["blog.example"], https: false });
  database.run("UPDATE releases SET spec = ? WHERE service = 'blog'", stored);
  assertEquals(store.release("blog", 1)?.spec, SPEC);
});

Deno.test("commit() makes one release live and retires the one before", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  for (const release of [newRelease(store), newRelease(store)]) store.commit("blog", release.number, AT);
  assertEquals(store.live("blog")?.number, 2);
  assertEquals(store.release("blog", 1)?.status, "retired");
  assertEquals(store.allLive().length, 1);
});

Deno.test("fail() hands the address that requests wait for to the live release", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  newRelease(store);
  store.setPlaces("blog", 1, [{ n: 1, ingressAddress: "10.1.0.16", internalAddress: "10.2.0.16" }]);
  store.commit("blog", 1, AT);
  newRelease(store);
  store.setHeldAddress("blog", 2, "10.1.0.17");
  store.fail("blog", 2, "failed", "it exited", AT);
  assertEquals(store.live("blog")?.places, [{ n: 1, ingressAddress: "10.1.0.17", internalAddress: "10.2.0.16" }]);
  assertEquals(store.release("blog", 2)?.heldAddress, undefined);
  assertEquals(store.release("blog", 2)?.error, "it exited");
});

Deno.test("a database on disk keeps what was written and is migrated once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using database = new Database(`${folder}/state.db`);
      newRelease(new SqliteReleaseStore(database));
    }
    using database = new Database(`${folder}/state.db`);
    assertEquals(new SqliteReleaseStore(database).pending().length, 1);
    assertEquals(database.get("PRAGMA user_version"), { user_version: MIGRATIONS.length });
    assertEquals(database.get("PRAGMA journal_mode"), { journal_mode: "wal" });
    assertEquals(database.get("PRAGMA synchronous"), { synchronous: 2 });
    for (const file of ["state.db", "state.db-wal", "state.db-shm"]) {
      assertEquals((Deno.statSync(`${folder}/${file}`).mode ?? 0) & 0o777, 0o600, file);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a database of a newer version is refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using database = new Database(`${folder}/state.db`);
      database.run("PRAGMA user_version = 99");
    }
    assertThrows(() => new Database(`${folder}/state.db`), MyPaasError, "newer version");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a full disk keeps from being written says so also where a row is asked back", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  database.run("PRAGMA query_only = ON");
  const release = { spec: SPEC, env: [], contentDigest: "", by: "test", at: "" };
  assertThrows(() => store.createRelease(release), MyPaasError, "Cannot write the state: the database is read-only");
});

Deno.test("SQLite's own words for a full, read-only or broken database become a sentence", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/state.db`;
    {
      using database = new Database(path);
      database.run("PRAGMA max_page_count = 1");
      assertThrows(
        () => {
          for (let i = 0; i < 1000; i++) {
            database.run("INSERT INTO address_cursors VALUES (?, ?)", `n${i}`, "x".repeat(999));
          }
        },
        MyPaasError,
        "the disk is full",
      );
      database.run("PRAGMA query_only = ON");
      assertThrows(() => database.run("DELETE FROM releases"), MyPaasError, "read-only");
    }
    await Deno.writeTextFile(`${folder}/broken.db`, "not a database".repeat(1000));
    assertThrows(() => new Database(`${folder}/broken.db`), MyPaasError, "not a database");
    assertThrows(() => new Database(`${folder}/none/state.db`), MyPaasError, "cannot be opened");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a nonce is taken once, until it is forgotten", () => {
  using database = new Database(":memory:");
  const store = new SqliteKeyStore(database);
  assertEquals([store.use("k", "n", 100), store.use("k", "n", 100), store.use("other", "n", 100)], [true, false, true]);
  store.forgetNonces(101);
  assertEquals(store.use("k", "n", 200), true);
});

Deno.test("redeem() uses the invite up and registers the key", () => {
  using database = new Database(":memory:");
  const store = new SqliteKeyStore(database);
  const granted = { name: "laptop", role: "deploy", scope: ["blog"] } as const;
  store.addInvite({ id: "i", secret: "s", ...granted, createdBy: "root@local", expiresAt: AT });
  store.redeem("i", { id: "k", publicKey: "p", ...granted, createdAt: AT });
  assertEquals(store.invite("i")?.usedAt, AT);
  assertEquals(store.invite("i")?.secret, "");
  assertEquals(store.key("k")?.scope, ["blog"]);
  assert(store.revoke("k", AT));
  assert(!store.revoke("k", AT));
  assertEquals(store.keys().map(({ revokedAt }) => revokedAt), [AT]);
});

Deno.test("redeem() refuses another public key under a known id, and leaves the invite as it was", () => {
  using database = new Database(":memory:");
  const store = new SqliteKeyStore(database);
  const admin = { name: "ann", role: "admin", scope: ["*"] } as const;
  const guest = { name: "guest", role: "deploy", scope: ["blog"] } as const;
  for (const id of ["1", "2", "3"]) {
    store.addInvite({ id, secret: "s", ...guest, createdBy: "root@local", expiresAt: AT });
  }
  store.redeem("1", { id: "k", publicKey: "ann's", ...admin, createdAt: AT });
  const key = { id: "k", ...guest, createdAt: AT };
  assertThrows(
    () => store.redeem("2", { ...key, publicKey: "guest's" }),
    AuthError,
    'another key is registered under the id "k"',
  );
  assertEquals([store.key("k")?.publicKey, store.key("k")?.role], ["ann's", "admin"]);
  assertEquals([store.invite("2")?.usedAt, store.invite("2")?.secret], [undefined, "s"]);
  store.revoke("k", AT);
  store.redeem("3", { ...key, publicKey: "ann's" });
  assertEquals([store.key("k")?.role, store.key("k")?.revokedAt], ["deploy", undefined]);
});

Deno.test("refuse() counts equal refusals of a minute in one line", () => {
  using database = new Database(":memory:");
  const audit = new SqliteAuditLog(database);
  const line = { actor: "unknown", address: "1.2.3.4", action: "deploy", subject: "", result: "no signature" };
  for (const second of ["00", "30", "59"]) audit.refuse({ ...line, at: `2026-11-22T10:00:${second}.000Z` });
  audit.refuse({ ...line, at: "2026-11-22T10:01:00.000Z" });
  assertEquals(audit.lines(9).map(({ count }) => count), [1, 3]);
});

Deno.test("forget() takes away what a service had, but for a deploy that waits", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  store.commit("blog", newRelease(store).number, AT);
  newRelease(store);
  store.commit("shop", newRelease(store, "shop").number, AT);
  store.setServiceState("blog", "removing");
  database.run("INSERT INTO env_values VALUES ('blog', 'A', '1', 'ann', ?, 0)", AT);
  store.forget("blog");
  assertEquals(store.releases("blog", 9).map(({ number, status }) => `${number} ${status}`), ["2 pending"]);
  assertEquals([store.serviceState("blog"), database.all("SELECT * FROM env_values")], ["running", []]);
  assertEquals(store.live("shop")?.number, 1);
});

Deno.test("commit() ends a stop", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  const { number } = newRelease(store);
  store.setServiceState("blog", "stopped");
  store.setServiceState("blog", "stopped");
  assertEquals(store.serviceState("blog"), "stopped");
  store.commit("blog", number, AT);
  assertEquals(store.serviceState("blog"), "running");
});

Deno.test("the oldest releases are forgotten, but the one that runs", () => {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  newRelease(store);
  store.commit("blog", 1, AT);
  for (let n = 2; n <= 1003; n++) {
    newRelease(store);
    store.fail("blog", n, "failed", "no", AT);
  }
  assertEquals(store.live("blog")?.number, 1);
  assertEquals(store.releases("blog", 2000).map(({ number }) => number).slice(-2), [4, 1]);
});

Deno.test("an invite is forgotten a week after its end", () => {
  using database = new Database(":memory:");
  const store = new SqliteKeyStore(database);
  const invite = { secret: "s", name: "guest", role: "deploy", scope: ["*"], createdBy: "root@local" } as const;
  store.addInvite({ id: "old", ...invite, expiresAt: "2026-11-01T00:00:00.000Z" });
  store.addInvite({ id: "week", ...invite, expiresAt: "2026-11-08T00:00:01.000Z" });
  store.addInvite({ id: "new", ...invite, expiresAt: "2026-11-15T00:00:00.000Z" });
  assertEquals(["old", "week", "new"].map((id) => store.invite(id)?.id), [undefined, "week", "new"]);
});
