import { assertEquals } from "@std/assert";
import { ProgressLines, type PushEvent, renderEnd, renderFailure, renderResult } from "../../src/client/progress.ts";
import { formatBytes } from "../../src/client/plain_text.ts";
import type { DeployEvent } from "../../src/wire/events.ts";

const START = Date.parse("2026-11-22T10:00:00Z");

const LACKED = { files: 3, bytes: 1_200_000, totalFiles: 120, totalBytes: 20_900_000 };

function lines(...events: (readonly [number, DeployEvent] | PushEvent)[]): readonly string[] {
  const progress = new ProgressLines();
  return events.flatMap((event, i) => {
    if (!("length" in event)) return progress.next(event);
    return progress.next({ ...event[1], seq: i + 1, time: new Date(START + event[0] * 1000).toISOString() });
  });
}

Deno.test("ProgressLines tells the push, then the deploy with the seconds since it was accepted", () => {
  assertEquals(
    lines(
      { kind: "scanned", service: "blog", files: 1, bytes: 20_900_000 },
      { kind: "lacking", parts: 2, bytes: 1500 },
      { kind: "uploaded", sentBytes: 700, seconds: 0.04 },
      [0, { kind: "accepted", deploy: "blog.7", service: "blog", release: 7 }],
      [0.1, { kind: "queued", behind: "blog.6" }],
      [1.25, { kind: "step", text: "create blog.7.1", state: "started" }],
      [1.5, { kind: "step", text: "create blog.7.1", state: "done", seconds: 0.25 }],
      [1.5, { kind: "step", text: "await-ready blog.7.1", state: "started" }],
      [14.5, { kind: "step", text: "await-ready blog.7.1", state: "done", seconds: 13 }],
      [15, { kind: "warning", text: "two replicas share a volume" }],
      [16, { kind: "live", service: "blog", release: 7, urls: [], seconds: 16, alreadyLive: false }],
    ),
    [
      "blog: 1 file, 20.9 MB",
      "sending 2 parts, 1.5 kB",
      "sent 700 B in 0.0 s",
      "[  0.0 s] blog release 7",
      "[  0.1 s] waiting for blog.6",
      "[  1.3 s] create blog.7.1",
      "[  1.5 s] await-ready blog.7.1",
      "[ 14.5 s] await-ready blog.7.1: 13 s",
      "[ 15.0 s] warning: two replicas share a volume",
    ],
  );
});

Deno.test("ProgressLines puts lines of the build under their instruction, without escape sequences", () => {
  assertEquals(
    lines(
      [0, { kind: "log", step: "[1/2] RUN make", text: "" }],
      [1, { kind: "log", step: "[1/2] RUN make", text: "\u001b[32mok\u001b[0m\ta\u0007" }],
      [2, { kind: "log", step: "[2/2] RUN test", text: "1 passed" }],
      [2, { kind: "log", step: "", text: "exported" }],
    ),
    [
      "[  0.0 s] [1/2] RUN make",
      "          | ok\ta",
      "[  2.0 s] [2/2] RUN test",
      "          | 1 passed",
      "          | exported",
    ],
  );
});

Deno.test("ProgressLines says nothing about an upload when nothing is lacking", () => {
  assertEquals(
    lines({ kind: "lacking", parts: 0, bytes: 0 }, { kind: "uploaded", sentBytes: 0, seconds: 0 }),
    [],
  );
});

Deno.test("renderResult() ends with the release, seconds, bytes sent of the project, and URLs", () => {
  const end = { kind: "live", service: "blog", release: 7, urls: ["http://a.example/"], seconds: 2 } as const;
  const numbers = { sentBytes: 1234, lacked: LACKED, seconds: 3.21 };
  assertEquals(renderResult({ end: { ...end, alreadyLive: false }, ...numbers }), [
    "blog is live: release 7, 3.2 s, sent 1.2 kB of 20.9 MB",
    "  http://a.example/",
  ]);
  assertEquals(renderResult({ end: { ...end, urls: [], alreadyLive: true }, ...numbers }), [
    "blog is already live: release 7, 3.2 s, sent 1.2 kB of 20.9 MB",
  ]);
  assertEquals(
    renderResult({ end: { ...end, urls: [], alreadyLive: false }, ...numbers, lacked: { ...LACKED, totalBytes: 750 } }),
    [
      "blog is live: release 7, 3.2 s, sent 1.2 kB",
    ],
  );
});

Deno.test("renderResult() tells what visitors noticed, when there were any", () => {
  const end = { kind: "live", service: "blog", release: 7, urls: [], seconds: 2, alreadyLive: false } as const;
  const numbers = { sentBytes: 1234, lacked: LACKED, seconds: 3.21 };
  const line = (visits: { requests: number; failed: number }) => renderResult({ end: { ...end, visits }, ...numbers });
  assertEquals(line({ requests: 512, failed: 0 }), [
    "blog is live: release 7, 3.2 s, sent 1.2 kB of 20.9 MB; 512 requests meanwhile, 0 failed",
  ]);
  assertEquals(line({ requests: 0, failed: 0 }), ["blog is live: release 7, 3.2 s, sent 1.2 kB of 20.9 MB"]);
});

Deno.test("ProgressLines leaves what a dry run would send to the plan", () => {
  assertEquals(lines({ kind: "wouldSend", ...LACKED }), []);
});

Deno.test("renderEnd() says how work without an upload ended, with what to know", () => {
  const done = {
    kind: "done",
    service: "blog",
    text: "blog is removed",
    notes: ["its volume is kept: /srv/a"],
  } as const;
  assertEquals(renderEnd(done), ["blog is removed", "  its volume is kept: /srv/a"]);
  const urls = ["http://blog.example/"];
  const live = { kind: "live", service: "blog", release: 7, urls, seconds: 3.21, alreadyLive: false } as const;
  assertEquals(renderEnd(live), ["blog is live: release 7, 3.2 s", "  http://blog.example/"]);
});

Deno.test("renderFailure() gives the sentence, details and the hint, and lets no escape sequence through", () => {
  assertEquals(
    renderFailure({
      message: 'Cannot build "blog": exit code 3',
      hint: "Try \u001b]0;title\u0007it",
      details: ["make: *** Error\r", "x"],
    }),
    ['error: Cannot build "blog": exit code 3', "  make: *** Error", "  x", "hint:  Try ]0;titleit"],
  );
  assertEquals(renderFailure({ message: "Cannot" }), ["error: Cannot"]);
});

Deno.test("formatBytes() keeps three digits", () => {
  assertEquals(
    [0, 999, 1000, 99_949, 99_950, 999_499, 999_600, 20_900_000, 5e9].map(formatBytes),
    ["0 B", "999 B", "1.0 kB", "99.9 kB", "100 kB", "999 kB", "1.0 MB", "20.9 MB", "5.0 GB"],
  );
});
