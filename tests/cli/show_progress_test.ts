import { assertEquals } from "@std/assert";
import { type ShowOptions, showProgress } from "../../src/cli/show_progress.ts";
import type { PushEvent } from "../../src/client/progress.ts";
import { waitUntil } from "../../src/wait.ts";

const EVENT: PushEvent = { kind: "scanned", service: "shop", files: 2, bytes: 10 };

/** What is written where, on a terminal or not. */
function setUp({ terminal = true, json = false, term = "xterm" } = {}) {
  const written: string[] = [];
  const to = (where: string) => (text: string) => void written.push(`${where}: ${text}`);
  const context = {
    json,
    env: (name: string) => name === "TERM" ? term : undefined,
    terminal: {
      isTerminal: { stdin: terminal, stdout: terminal, stderr: terminal },
      color: false,
      width: () => 80,
      height: () => 24,
      out: to("out"),
      err: to("err"),
      draw: to("draw"),
    },
  };
  const shown = (options?: ShowOptions) => {
    using view = showProgress(context, options);
    view.show(EVENT);
    return written;
  };
  return { context, written, shown };
}

Deno.test("progress is drawn on a terminal, and printed in lines elsewhere", () => {
  assertEquals(setUp().shown(), ["draw: \r\x1b[Jshop: 2 files, 10 B\n"]);
  assertEquals(setUp({ terminal: false }).shown(), ["err: shop: 2 files, 10 B"]);
  assertEquals(setUp({ term: "dumb" }).shown(), ["err: shop: 2 files, 10 B"]);
});

Deno.test("progress is events with --json, on a terminal too, and nothing with --quiet", () => {
  assertEquals(setUp({ json: true }).shown(), [`out: ${JSON.stringify(EVENT)}`]);
  assertEquals(setUp().shown({ quiet: true }), []);
});

Deno.test("what goes on is drawn as time goes by, and no more when the view is disposed of", async () => {
  const { context, written } = setUp();
  const ticking = async () => {
    using view = showProgress(context);
    view.show({ kind: "progress", files: 1, bytes: 5, lackingBytes: 0, sentBytes: 0 });
    await waitUntil(() => written.length > 0, { what: "it is drawn", timeoutMs: 5000 });
  };
  await ticking();
  assertEquals(written, ["draw: \r\x1b[J1 file, 5 B\n", "draw: \x1b[1A\r\x1b[J"]);
});
