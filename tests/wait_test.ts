import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../src/error.ts";
import { ticks, TimeoutError, waitUntil, within } from "../src/wait.ts";

// The test runner itself fails a test that leaves a timer behind: each wait here ends long before its time is over.
const LONG = { what: "it holds", timeoutMs: 60_000, intervalMs: 1 };
const SHORT = { what: "blog.7.1 answers", timeoutMs: 30, intervalMs: 1 };
const NEVER = new Promise<never>(() => {});

class Stopped extends Error {}

Deno.test("waitUntil() returns the first state that is there, and looks no more", async () => {
  const looks = [undefined, false, 0, 1] as const;
  let next = 0;
  assertEquals(await waitUntil(() => looks[next++], LONG), 0);
  assertEquals(next, 3);
  assertEquals(await waitUntil(() => Promise.resolve(""), LONG), "");
});

Deno.test("waitUntil() looks at once, whatever the pause is", async () => {
  assertEquals(await waitUntil(() => "there", { ...LONG, intervalMs: 60_000 }), "there");
});

Deno.test("waitUntil() says what was waited for and how long when the time is over", async () => {
  const error = await assertRejects(() => waitUntil(() => false, SHORT), TimeoutError);
  assertEquals(error.message, "Cannot see that blog.7.1 answers: waited 0.03 s");
  assertEquals([error instanceof MyPaasError, error.kind], [true, "failed"]);
});

Deno.test("waitUntil() does not wait for a look that never ends, and tells it to end", async () => {
  let seen: AbortSignal | undefined;
  const look = (signal: AbortSignal) => {
    seen = signal;
    return NEVER;
  };
  await assertRejects(() => waitUntil(look, SHORT), TimeoutError);
  assertEquals(seen?.aborted, true);
});

Deno.test("waitUntil() does not look again once the time is over", async () => {
  let looks = 0;
  await assertRejects(() => waitUntil(() => ++looks > 1, { ...SHORT, intervalMs: 60_000 }), TimeoutError);
  assertEquals(looks, 1);
});

Deno.test("waitUntil() ends with what a look throws", async () => {
  await assertRejects(() => waitUntil(() => Promise.reject(new Stopped("later")), LONG), Stopped, "later");
  const look = () => {
    throw new Stopped("at once");
  };
  await assertRejects(() => waitUntil(look, LONG), Stopped, "at once");
});

Deno.test("waitUntil() ends with the reason of its signal, in a look and in a pause", async () => {
  for (const look of [() => NEVER, () => false] as const) {
    const stop = new AbortController();
    const waiting = waitUntil<boolean>(look, { ...LONG, intervalMs: 60_000, signal: stop.signal });
    stop.abort(new Stopped("by hand"));
    await assertRejects(() => waiting, Stopped, "by hand");
  }
});

Deno.test("waitUntil() ends at once when its signal aborts between a look and the pause", async () => {
  const abort = new AbortController();
  const began = performance.now();
  const look = () => {
    queueMicrotask(() => abort.abort(new Error("enough")));
    return false as const;
  };
  await assertRejects(
    () => waitUntil(look, { what: "it is there", timeoutMs: 5000, intervalMs: 2000, signal: abort.signal }),
    Error,
    "enough",
  );
  assertEquals(performance.now() - began < 1000, true);
});

Deno.test("waitUntil() does not look when its signal has aborted", async () => {
  const look = () => {
    throw new Error("must not look");
  };
  const signal = AbortSignal.abort(new Stopped("before"));
  await assertRejects(() => waitUntil(look, { ...LONG, signal }), Stopped, "before");
});

Deno.test("a look that fails after the wait has ended disturbs nobody", async () => {
  const late = Promise.withResolvers<boolean>();
  const stop = new AbortController();
  const waiting = waitUntil(() => late.promise, { ...LONG, signal: stop.signal });
  stop.abort(new Stopped("by hand"));
  await assertRejects(() => waiting, Stopped);
  late.reject(new Error("too late"));
});

Deno.test("within() gives what the event gives, and fails as it fails", async () => {
  assertEquals(await within(Promise.resolve(7), LONG), 7);
  await assertRejects(() => within(Promise.reject(new Stopped("no")), LONG), Stopped, "no");
});

Deno.test("within() says what was waited for and how long when the time is over", async () => {
  const error = await assertRejects(() => within(NEVER, { what: "the daemon ends", timeoutMs: 10 }), TimeoutError);
  assertEquals(error.message, "Cannot see that the daemon ends: waited 0.01 s");
});

Deno.test("within() ends with the reason of its signal, before or while it waits", async () => {
  const stop = new AbortController();
  const waiting = within(NEVER, { ...LONG, signal: stop.signal });
  stop.abort(new Stopped("by hand"));
  await assertRejects(() => waiting, Stopped, "by hand");
  await assertRejects(() => within(NEVER, { ...LONG, signal: stop.signal }), Stopped, "by hand");
});

Deno.test("an event that fails after within() has given up disturbs nobody", async () => {
  const event = Promise.withResolvers<void>();
  const signal = AbortSignal.abort(new Stopped("before"));
  await assertRejects(() => within(event.promise, { ...LONG, signal }), Stopped);
  event.reject(new Error("too late"));
});

Deno.test("a wait keeps nothing on a signal that lives on", async () => {
  const stop = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = stop.signal;
  stop.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(stop.signal, args);
  };
  stop.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(stop.signal, args);
  };
  let looks = 0;
  await waitUntil(() => ++looks === 3, { ...LONG, signal: stop.signal });
  await within(Promise.resolve(), { ...LONG, signal: stop.signal });
  await assertRejects(() => within(NEVER, { ...SHORT, signal: stop.signal }), TimeoutError);
  assertEquals(listeners, 0);
});

Deno.test("ticks() begins at once, and leaves out the beats of a busy consumer", async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  const begin = performance.now();
  for await (const beat of ticks(20, stop.signal)) {
    seen.push(beat);
    if (seen.length === 1) await waitUntil(() => performance.now() >= begin + 50, LONG);
    if (seen.length === 3) break;
  }
  const [first = -1, second = -1, third = -1] = seen;
  assertEquals([first, second >= 3, third > second], [0, true, true]);
  assertEquals(performance.now() >= begin + third * 20 - 1, true, "no beat comes early");
});

Deno.test("ticks() ends without an error when its signal aborts, in a pause and in between", async () => {
  const stop = new AbortController();
  const beats = ticks(60_000, stop.signal);
  assertEquals(await beats.next(), { done: false, value: 0 });
  const waiting = beats.next();
  stop.abort(new Stopped("by hand"));
  assertEquals((await waiting).done, true);
  assertEquals(await Array.fromAsync(ticks(60_000, stop.signal)), []);
  const later = new AbortController();
  for await (const _beat of ticks(60_000, later.signal)) later.abort();
});
