import { assertEquals } from "@std/assert";
import { joinTails } from "../../src/deploy/log_tail.ts";

/** A log of one line per second from `from` on. */
function tail(replica: string, from: number, ...texts: readonly string[]) {
  const lines = texts.map((text, index) => ({ time: `2026-11-22T10:00:${10 + from + index}.000000000Z`, text }));
  return { replica, lines };
}

Deno.test("joinTails() has once what all replicas wrote, and names who wrote the rest", () => {
  assertEquals(
    joinTails([tail("blog.2.1", 0, "starts", "no database"), tail("blog.2.2", 1, "starts", "no database")]),
    [
      "starts",
      "no database",
    ],
  );
  assertEquals(joinTails([tail("blog.2.1", 0, "starts", "killed"), tail("blog.2.2", 0, "starts")]), [
    "starts",
    "blog.2.1: killed",
  ]);
});

Deno.test("joinTails() keeps equal lines of one replica apart", () => {
  assertEquals(joinTails([tail("blog.2.1", 0, "try", "try", "gives up")]), ["try", "try", "gives up"]);
  assertEquals(joinTails([tail("a", 0, "try", "try"), tail("b", 0, "try")]), ["try", "a: try"]);
});

Deno.test("joinTails() orders lines by their time and gives the last 20", () => {
  assertEquals(joinTails([tail("a", 2, "late"), tail("b", 0, "early")]), ["b: early", "a: late"]);
  const many = Array.from({ length: 30 }, (_, line) => `line ${line}`);
  assertEquals(joinTails([tail("a", 0, ...many)]), many.slice(-20));
});
