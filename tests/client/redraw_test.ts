import { assertEquals } from "@std/assert";
import { Redraw } from "../../src/client/redraw.ts";

const WIDE = { columns: 20, rows: 10 };

Deno.test("Redraw draws each block over the one before it, whatever the lengths", () => {
  const redraw = new Redraw();
  assertEquals(redraw.next(["a", "b"], WIDE), "\r\x1b[Ja\nb");
  assertEquals(redraw.next(["c"], WIDE), "\x1b[2A\r\x1b[Jc");
  assertEquals(redraw.next(["d", "e"], WIDE), "\x1b[1A\r\x1b[Jd\ne");
});

Deno.test("Redraw cuts lines at the terminal's width, and counts the lines that do not fit on it", () => {
  const redraw = new Redraw();
  const drawn = redraw.next(["▁▂▃▄▅▆▇█▁▂▃▄", "", "c", "d"], { columns: 10, rows: 4 });
  assertEquals(drawn, "\r\x1b[J▁▂▃▄▅▆▇█▁▂\n\n... 2 more");
  assertEquals(redraw.next(["a"], WIDE), "\x1b[3A\r\x1b[Ja");
});

Deno.test("Redraw goes up over lines that a terminal made narrower has wrapped", () => {
  const redraw = new Redraw();
  redraw.next(["x".repeat(20), "y"], WIDE);
  assertEquals(redraw.next(["a"], { columns: 8, rows: 10 }), "\x1b[4A\r\x1b[Ja");
});

Deno.test("Redraw writes lines that stay in the place of the block, whole, and the next block under them", () => {
  const redraw = new Redraw();
  redraw.next(["a", "b"], WIDE);
  assertEquals(redraw.under(["stays ".repeat(5)], ["c"], WIDE), `\x1b[2A\r\x1b[J${"stays ".repeat(5)}\nc\n`);
  assertEquals(redraw.under(["d"], [], WIDE), "\x1b[1A\r\x1b[Jd\n");
  assertEquals(redraw.under(["e"], [], WIDE), "\r\x1b[Je\n");
});

Deno.test("Redraw cuts and counts wide characters by the columns that they take", () => {
  const redraw = new Redraw();
  assertEquals(redraw.next(["値段は税込み"], { columns: 7, rows: 10 }), "\r\x1b[J値段は");
  assertEquals(redraw.next(["a"], { columns: 3, rows: 10 }), "\x1b[2A\r\x1b[Ja");
});
