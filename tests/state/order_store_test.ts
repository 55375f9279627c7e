import { assertEquals } from "@std/assert";
import { Database } from "../../src/state/database.ts";
import { SqliteOrderStore } from "../../src/state/order_store.ts";

Deno.test("an order that has led to no certificate is kept, the newer for the older, until it is forgotten", () => {
  using database = new Database(":memory:");
  const orders = new SqliteOrderStore(database);
  assertEquals(orders.order("a.test"), undefined);
  for (const tries of [1, 2]) orders.note("a.test", { tries, notBefore: `2026-11-23T10:0${tries}:00.000Z` });
  assertEquals(orders.order("a.test"), { tries: 2, notBefore: "2026-11-23T10:02:00.000Z" });
  orders.forget("a.test");
  assertEquals(orders.order("a.test"), undefined);
});
