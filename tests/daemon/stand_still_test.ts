import { assertEquals, assertMatch } from "@std/assert";
import { StandStill } from "../../src/daemon/stand_still.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { MemoryPauses } from "../fakes/memory_pauses.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

function soon<T>(event: Promise<T>): Promise<T> {
  return within(event, { what: "it comes", timeoutMs: 10_000 });
}

function post(where: string, { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal } = {}) {
  return new Request(`http://daemon${where}`, {
    method: "POST",
    ...body !== undefined && { body: JSON.stringify(body) },
    ...signal && { signal },
  });
}

/** A queue in which nothing goes on. */
function idle(): { readonly kept: string[]; keep(service: string): Promise<() => void>; behind(): undefined } {
  const kept: string[] = [];
  return {
    kept,
    keep: (service) => {
      kept.push(service);
      return Promise.resolve(() => void kept.splice(kept.indexOf(service), 1));
    },
    behind: () => undefined,
  };
}

Deno.test("services stand still until who asked has gone, and no deploy begins meanwhile", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.request({ Dockerfile: dockerfile("blog", "domain = blog.example") });
  const over = new AbortController();
  const answer = await daemon.local(post("/v1/still?service=wiki&service=blog", { signal: over.signal }));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await soon(reader?.read() ?? Promise.reject()))?.value, '{"kind":"ready"}\n');
  assertEquals([...daemon.pauses.paused].sort(), ["blog", "wiki"]);
  const deploy = (await daemon.local(post("/v1/deploy?service=blog", { body: request }))).text();
  assertEquals(daemon.builds, []);
  over.abort();
  await reader?.cancel();
  assertMatch(await soon(deploy), /"kind":"queued","behind":"backup"[^]*"kind":"live"/);
  assertEquals([...daemon.pauses.paused], []);
});

Deno.test("a deploy that goes on is waited for before its service stands still", async () => {
  await using daemon = await BenchDaemon.start();
  const built = Promise.withResolvers<void>();
  daemon.onBuild = () => built.promise;
  const request = await daemon.request({ Dockerfile: dockerfile("blog", "domain = blog.example") });
  const deploy = (await daemon.local(post("/v1/deploy?service=blog", { body: request }))).text();
  await waitUntil(() => daemon.builds.length > 0, { what: "the build goes on", timeoutMs: 10_000 });
  const over = new AbortController();
  const answer = await daemon.local(post("/v1/still?service=blog", { signal: over.signal }));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await soon(reader?.read() ?? Promise.reject()))?.value, '{"kind":"waiting","waitsFor":["blog.1"]}\n');
  assertEquals(daemon.pauses.paused.size, 0);
  built.resolve();
  assertEquals((await soon(reader?.read() ?? Promise.reject()))?.value, '{"kind":"ready"}\n');
  assertEquals([...daemon.pauses.paused], ["blog"]);
  over.abort();
  await reader?.cancel();
  await deploy;
});

Deno.test("services go on when who asked hangs, and when Docker was away at that moment", async () => {
  const pauses = new MemoryPauses();
  const work = idle();
  const told: string[] = [];
  const log = (line: string) => void told.push(line);
  const still = new StandStill({ pauses, work, log, longestMs: 10, retryMs: 1 });
  const lines = still.lines(["blog"], new AbortController().signal);
  assertEquals((await soon(lines.next())).value, { kind: "ready" });
  assertEquals([[...pauses.paused], work.kept], [["blog"], ["blog"]]);
  pauses.failures = 3;
  assertEquals((await soon(lines.next())).done, true);
  assertEquals([[...pauses.paused], work.kept], [[], []]);
  assertEquals(told.slice(1), Array(3).fill("backup: Docker is away"));
  assertMatch(told[0] ?? "", /the copy of blog is done/);
});

Deno.test("only root may let services stand still", async () => {
  await using daemon = await BenchDaemon.start();
  const laptop = await daemon.laptop({ role: "admin" });
  const remote = await daemon.gate(await daemon.signed(laptop, "POST /v1/still?service=blog"));
  assertMatch(await remote.text(), /Cannot answer POST \/v1\/still: this server does not know it/);
});
