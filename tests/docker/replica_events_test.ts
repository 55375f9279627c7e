import { assertEquals } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { watchReplicas } from "../../src/docker/replica_events.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { FakeEngine } from "../fakes/fake_engine.ts";

const INSTANCE = "0123456789abcdef0123456789abcdef";
const LABELS = {
  "mypaas.instance": INSTANCE,
  "mypaas.part": "replica",
  "mypaas.service": "web",
  "mypaas.release": "7",
  "mypaas.replica": "1",
};
const ID = { service: "web", release: 7, n: 1 };

/** A stream of events that stays open. */
function eventStream(...actions: readonly string[]): Response {
  const lines = actions.map((Action, i) =>
    JSON.stringify({
      Type: "container",
      Action,
      timeNano: 1_800_000_000_000_000_000 + i * 1e6,
      Actor: { Attributes: LABELS },
    })
  );
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(`${lines.join("\n")}\n`)),
    }),
  );
}

Deno.test("watchReplicas() goes on after the Engine was away, says that there was a gap, and ends when aborted", async () => {
  await using first = new FakeEngine({ answer: () => eventStream("start", "health_status: healthy") });
  using client = new DockerClient(first.socket);
  const stop = new AbortController();
  const gap = Promise.withResolvers<void>();
  const events = watchReplicas(client, { instance: INSTANCE, signal: stop.signal, onGap: gap.resolve })[
    Symbol.asyncIterator
  ]();
  const next = async () => (await within(events.next(), { what: "an event comes", timeoutMs: 5000 })).value;
  assertEquals([await next(), await next()], [{ id: ID, kind: "start" }, { id: ID, kind: "health" }]);

  const afterGap = next();
  await first.stop();
  await using second = new FakeEngine({ socket: first.socket, answer: () => eventStream("die") });
  assertEquals(await afterGap, { id: ID, kind: "die" });
  await within(gap.promise, { what: "the gap is told", timeoutMs: 1000 });
  const query = new URLSearchParams(second.calls[0]?.path.split("?")[1]);
  assertEquals(query.get("since"), "1800000000.001");
  assertEquals(JSON.parse(query.get("filters") ?? ""), {
    type: ["container"],
    event: ["start", "die", "health_status", "destroy"],
    label: [`mypaas.instance=${INSTANCE}`, "mypaas.part=replica"],
  });

  const last = events.next();
  stop.abort();
  assertEquals((await within(last, { what: "the watch ends", timeoutMs: 1000 })).done, true);
});

Deno.test("watchReplicas() goes on after an Engine that was killed in the middle of a line, and says once that it is away", async () => {
  const half = new TextEncoder().encode('{"Action": "sta');
  await using first = new FakeEngine({ answer: () => new Response(half) });
  using client = new DockerClient(first.socket);
  const stop = new AbortController();
  const away = Promise.withResolvers<void>();
  let breaks = 0;
  const onBreak = () => {
    breaks++;
    away.resolve();
  };
  const events = watchReplicas(client, { instance: INSTANCE, signal: stop.signal, onBreak })[Symbol.asyncIterator]();
  const next = events.next();
  await waitUntil(() => first.calls.length > 1, { what: "it is asked again", timeoutMs: 5000 });
  await first.stop();
  await within(away.promise, { what: "the break is told", timeoutMs: 5000 });
  await using _second = new FakeEngine({ socket: first.socket, answer: () => eventStream("die") });
  const { value } = await within(next, { what: "an event comes", timeoutMs: 5000 });
  assertEquals([value, breaks], [{ id: ID, kind: "die" }, 1]);
  stop.abort();
  await events.next();
});

Deno.test("watchReplicas() ends at once when it is aborted while the Engine is away", async () => {
  using client = new DockerClient("/nowhere/docker.sock");
  const stop = new AbortController();
  const events = watchReplicas(client, { instance: INSTANCE, signal: stop.signal })[Symbol.asyncIterator]();
  const first = events.next();
  await client.answers();
  stop.abort();
  assertEquals((await within(first, { what: "the watch ends", timeoutMs: 1000 })).done, true);
});
