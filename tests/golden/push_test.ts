import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { printedEvent } from "../../src/client/printed_events.ts";
import { ProgressScreen, wrapLines } from "../../src/client/progress_screen.ts";
import { ProgressLines, type PushEvent, type PushResult, renderResult } from "../../src/client/progress.ts";
import { reportError } from "../../src/cli/report.ts";
import { fromWireError } from "../../src/wire/error_body.ts";
import { TerminalModel } from "../client/terminal_model.ts";

// tests/golden/push/NAME.jsonl: the events of a push with the seconds at which they came, and the moments at which the
// terminal is looked at. NAME.80.txt, NAME.40.txt: what a terminal of so many columns shows at these moments and at the end;
// NAME.plain.txt: what is printed where there is none. MYPAAS_UPDATE_GOLDEN=1 writes them: look at the diff.

const FOLDER = decodeURIComponent(new URL("push/", import.meta.url).pathname);
const TICK = 0.1;

interface Line {
  readonly at: number;
  readonly event?: PushEvent;
  /** How the push went, after its last event. */
  readonly result?: Omit<PushResult, "end">;
  readonly look?: true;
}

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".jsonl")).sort()
  .map((name) => name.slice(0, -".jsonl".length));

function linesOf(name: string): readonly Line[] {
  return Deno.readTextFileSync(`${FOLDER}${name}.jsonl`).trim().split("\n").map((line) => JSON.parse(line));
}

/** What stands below the progress when the push is over. */
function ending(lines: readonly Line[], columns: number | undefined): readonly string[] {
  const last = lines.findLast(({ event }) => event !== undefined)?.event;
  if (last?.kind === "failed") return reportError(fromWireError(last.error), { json: false, columns }).lines;
  const result = lines.findLast(({ result }) => result !== undefined)?.result;
  if (result === undefined || (last?.kind !== "live" && last?.kind !== "planned")) return [];
  return wrapLines(renderResult({ end: last, ...result }), columns);
}

function onTerminal(lines: readonly Line[], columns: number): string {
  const terminal = new TerminalModel(columns, 24);
  const screen = new ProgressScreen("reading the folder", 0);
  const looks: string[] = [];
  let now = 0;
  const glance = (at: number) => ({ now: at * 1000, columns, rows: terminal.rows });
  for (const { at, event, look } of lines) {
    for (; now + TICK <= at; now += TICK) terminal.write(screen.tick(glance(now)));
    if (event !== undefined) terminal.write(screen.next(event, glance(at)));
    if (look) {
      terminal.write(screen.tick(glance(at)));
      looks.push(`--- at ${at} s`, ...terminal.text);
    }
    assertEquals(terminal.cursor.column, 0);
  }
  terminal.write(screen.end(glance(lines.at(-1)?.at ?? 0)));
  assertEquals(terminal.cursor.column, 0);
  // What is there to be copied is wrapped by the terminal; nothing of ours is.
  for (const line of terminal.wrapped) assert(line.startsWith(" "), line);
  for (const line of ending(lines, columns)) terminal.write(`${line}\n`);
  return [...looks, "--- at the end", ...terminal.text, ""].join("\n");
}

function plain(lines: readonly Line[]): string {
  const progress = new ProgressLines();
  const printed = lines.flatMap(({ event }) => event === undefined ? [] : progress.next(event));
  // deno-lint-ignore no-control-regex
  for (const line of printed) assert(!/[\r\x1b]/.test(line), line);
  return [...printed, ...ending(lines, undefined), ""].join("\n");
}

function compare(file: string, actual: string): void {
  if (Deno.env.get("MYPAAS_UPDATE_GOLDEN")) Deno.writeTextFileSync(FOLDER + file, actual);
  else assertEquals(actual, Deno.readTextFileSync(FOLDER + file));
}

for (const name of names) {
  for (const columns of [80, 40]) {
    Deno.test(`a push looks as its golden file says at ${columns} columns: ${name}`, () => {
      compare(`${name}.${columns}.txt`, onTerminal(linesOf(name), columns));
    });
  }

  Deno.test(`a push prints what its golden file says without a terminal: ${name}`, () => {
    compare(`${name}.plain.txt`, plain(linesOf(name)));
  });

  Deno.test(`the recorded events are those that are printed with --json: ${name}`, () => {
    for (const { event } of linesOf(name)) if (event !== undefined) assertEquals(v.parse(printedEvent, event), event);
  });
}
