import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { PRINTED_KINDS, type PrintedEvent, printedEvent } from "../../src/client/printed_events.ts";
import { PLAN } from "./plan_example.ts";

const LINE = { seq: 1, time: "2026-11-23T02:00:00.000Z" };

/** One event of each kind. */
const EXAMPLES: { readonly [Kind in PrintedEvent["kind"]]: Extract<PrintedEvent, { kind: Kind }> } = {
  progress: { kind: "progress", files: 3, bytes: 9, lackingBytes: 4, sentBytes: 2 },
  scanned: { kind: "scanned", service: "shop", files: 3, bytes: 9 },
  lacking: { kind: "lacking", parts: 1, bytes: 4 },
  wouldSend: { kind: "wouldSend", files: 1, bytes: 4, totalFiles: 3, totalBytes: 9 },
  largeContext: { kind: "largeContext", bytes: 2e8, paths: [{ path: ".git/", bytes: 2e8, line: ".git/" }] },
  retry: { kind: "retry", reason: "the connection broke off" },
  uploaded: { kind: "uploaded", sentBytes: 2, seconds: 0.1 },
  accepted: { ...LINE, kind: "accepted", deploy: "shop.1", service: "shop", release: 1, proof: "abc" },
  queued: { ...LINE, kind: "queued", behind: "blog.7" },
  log: { ...LINE, kind: "log", step: "[1/2] RUN make", text: "cc" },
  step: { ...LINE, kind: "step", text: "commit 1", state: "done", seconds: 0.1 },
  warning: { ...LINE, kind: "warning", text: "two share a volume" },
  planned: { ...LINE, kind: "planned", ...PLAN },
  live: { ...LINE, kind: "live", service: "shop", release: 1, urls: [], seconds: 1, alreadyLive: false },
  done: { ...LINE, kind: "done", service: "shop", text: "shop is stopped", notes: [] },
  failed: { ...LINE, kind: "failed", deploy: "shop.1", error: { kind: "build", message: "Cannot build" } },
  sent: { kind: "sent", bytes: 5, total: 9, seconds: 1.5 },
  unled: {
    kind: "unled",
    url: "http://shop.test/",
    domain: "shop.test",
    leadsTo: [],
    address: "203.0.113.7",
    command: "curl",
  },
  kept: { kind: "kept" },
  replaced: { kind: "replaced" },
  error: { kind: "error", error: { kind: "failed", message: "Cannot" } },
};

Deno.test("every kind of printed event is described, and its schema takes all of it", () => {
  assertEquals(Object.keys(EXAMPLES).sort(), Object.keys(PRINTED_KINDS).sort());
  for (const event of Object.values(EXAMPLES)) {
    assertEquals(v.parse(printedEvent, JSON.parse(JSON.stringify(event))), JSON.parse(JSON.stringify(event)));
  }
});

Deno.test("the schema of printed events refuses what is none", () => {
  const wrong = [
    {},
    { kind: "other" },
    { kind: "progress", files: -1 },
    { kind: "log", step: "a", text: "b" },
    "x",
    null,
  ];
  for (const json of wrong) assert(!v.safeParse(printedEvent, json).success, JSON.stringify(json));
});
