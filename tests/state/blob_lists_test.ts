import { assertEquals } from "@std/assert";
import { SqliteBlobLists } from "../../src/state/blob_lists.ts";
import { Database } from "../../src/state/database.ts";

const [A, B] = ["ab".repeat(32), "cd".repeat(32)];

Deno.test("a list is given back for its door only, each digest once", () => {
  using database = new Database(":memory:");
  const lists = new SqliteBlobLists(database);
  lists.add("blog", 1, { door: "gate", digests: [A, B, A] });
  assertEquals(lists.digests("blog", 1, "gate"), [A, B]);
  assertEquals([lists.digests("blog", 1, "local"), lists.digests("blog", 2, "gate")], [[], []]);
});

Deno.test("a release of another's image has its list, and those that are not needed go", () => {
  using database = new Database(":memory:");
  const lists = new SqliteBlobLists(database);
  lists.add("blog", 1, { door: "local", digests: [A] });
  lists.add("shop", 1, { door: "local", digests: [B] });
  lists.addSame("blog", 2, 1);
  lists.addSame("blog", 3, 9);
  lists.forgetOthers("blog", [2]);
  const left = [1, 2, 3].map((number) => lists.digests("blog", number, "local"));
  assertEquals([...left, lists.digests("shop", 1, "local")], [[], [A], [], [B]]);
});
