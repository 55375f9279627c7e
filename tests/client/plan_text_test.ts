import { assertEquals } from "@std/assert";
import { renderPlan } from "../../src/client/plan_text.ts";
import { PLAN } from "./plan_example.ts";

const SEND = { files: 3, bytes: 1_200_000, totalFiles: 120, totalBytes: 20_900_000 };
const FILES = "files: 3 files of 120 to send, 1.2 MB of 20.9 MB";

Deno.test("renderPlan() tells order and reason, numbered steps, and with what the service would run", () => {
  assertEquals(renderPlan(PLAN, SEND), [
    "blog: a deploy makes release 8; 7 is live",
    "stop-first: scale is 0: there are never two containers at once",
    "1. create blog.8.1",
    "2. commit 8",
    "url: http://blog.example/",
    "volume: /data is the Docker volume blog.data; deploys keep what is in it",
    "volume: /pages is /srv/mypaas/pages, read-only; deploys keep what is in it",
    "port: 5353/udp of the server leads to 53 of the container",
    "change: scale 0, was 2",
    "change: env KEY added",
    FILES,
    "note: no domain",
  ]);
});

Deno.test("renderPlan() says when nothing would be done, and when only files differ", () => {
  const bare = { ...PLAN, steps: [], urls: [], volumes: [], publish: [], changes: [], notes: [] };
  assertEquals(renderPlan({ ...bare, release: 7, alreadyLive: true }, SEND), [
    "blog is already live: release 7; a deploy changes nothing (but with --force)",
    FILES,
  ]);
  assertEquals(renderPlan(bare, SEND).slice(2), ["change: no option and no variable", FILES]);
  assertEquals(
    renderPlan({ ...bare, liveRelease: undefined }, SEND)[0],
    "blog: a deploy makes release 8; none is live",
  );
});

Deno.test("renderPlan() lets no escape sequence of a server through", () => {
  const notes = ["\u001b]0;title\u0007note"];
  assertEquals(renderPlan({ ...PLAN, notes }, SEND).at(-1), "note: ]0;titlenote");
});
