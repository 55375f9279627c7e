import { assertEquals } from "@std/assert";
import { ProgressScreen, wrapLines } from "../../src/client/progress_screen.ts";
import type { PushEvent } from "../../src/client/progress.ts";
import { TerminalModel } from "./terminal_model.ts";

const STEP: PushEvent = {
  kind: "step",
  text: "await-ready shop.12.1, shop.12.2, shop.12.3",
  state: "started",
  seq: 1,
  time: "2026-11-23T02:00:00.000Z",
};

Deno.test("ProgressScreen draws for the size that the terminal has now", () => {
  const screen = new ProgressScreen("reading the folder", 0);
  const wide = new TerminalModel(80, 24);
  wide.write(screen.next(STEP, { now: 0, columns: 80, rows: 24 }) + screen.tick({ now: 2000, columns: 80, rows: 24 }));
  assertEquals(wide.text, ["[  0.0 s] await-ready shop.12.1, shop.12.2, shop.12.3: 2 s"]);
  // A terminal that is made narrower has wrapped the line.
  const narrow = new TerminalModel(40, 24);
  narrow.write(`${wide.text[0]}\n`);
  narrow.write(screen.tick({ now: 2000, columns: 40, rows: 24 }));
  assertEquals(narrow.text, ["[  0.0 s] await-ready shop.12.1,...: 2 s"]);
});

Deno.test("ProgressScreen writes nothing while nothing changes", () => {
  const screen = new ProgressScreen("reading the folder", 0);
  const glance = (now: number) => ({ now, columns: 80, rows: 24 });
  assertEquals([screen.tick(glance(10)), screen.tick(glance(900))], ["", ""]);
  assertEquals(screen.tick(glance(1100)), "\r\x1b[Jreading the folder: 1 s\n");
  assertEquals([screen.tick(glance(1200)), screen.tick(glance(1900))], ["", ""]);
  assertEquals(screen.end(glance(1950)), "\x1b[1A\r\x1b[J");
  assertEquals([screen.end(glance(2000)), screen.tick(glance(9000))], ["", ""]);
});

Deno.test("wrapLines() leaves alone what may be copied, and all of it where there is no terminal", () => {
  const lines = [
    "a long sentence that goes on and on and on and on",
    "  curl --resolve shop.test:80:127.0.0.1 http://shop.test/",
  ];
  assertEquals(wrapLines(lines, 40), ["a long sentence that goes on and on and", "  on and on", lines[1] ?? ""]);
  assertEquals(wrapLines(lines, undefined), lines);
});
