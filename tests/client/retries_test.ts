import { assert, assertEquals, assertRejects } from "@std/assert";
import { BrokenConnection } from "../../src/client/connection.ts";
import { Retries } from "../../src/client/retries.ts";
import { AuthError } from "../../src/error.ts";

const refused = new BrokenConnection("Cannot reach it: nothing listens there");
const cut = new BrokenConnection("Cannot reach it: the connection broke off", { cutOff: true });

/** Retries that do not rest, of a clock that goes on by each rest; `rests` has how long they would be. */
function scene() {
  const rests: number[] = [];
  const told: string[] = [];
  let now = 0;
  const retries = new Retries({
    now: () => now,
    onRetry: ({ message }) => told.push(message),
    rest: (ms) => {
      rests.push(ms);
      now += ms;
      return Promise.resolve();
    },
  });
  return { retries, rests, told };
}

/** A request that fails so before it is answered. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return () => {
    const error = left.shift();
    return error === undefined ? Promise.resolve("answer") : Promise.reject(error);
  };
}

Deno.test("run() does not wait for a server that was never there", async () => {
  const { retries, rests } = scene();
  await assertRejects(() => retries.run(failing(refused)), BrokenConnection, "nothing listens there");
  assertEquals([rests, retries.reached], [[], false]);
});

Deno.test("run() sends a request again when the connection was cut, and when a server that was there is away", async () => {
  const { retries, rests, told } = scene();
  assertEquals(await retries.run(failing(cut, cut)), "answer");
  assertEquals([rests.length, told, retries.reached], [2, [cut.message], true]);
  assertEquals(await retries.run(failing(refused)), "answer");
  assertEquals(told, [cut.message, refused.message]);
});

Deno.test("run() rests longer each time, up to 5 s, and gives up when nothing gets through for two minutes", async () => {
  const { retries, rests, told } = scene();
  retries.arrived();
  await assertRejects(() => retries.run(failing(...Array.from({ length: 100 }, () => cut))), BrokenConnection);
  for (const [i, ms] of rests.entries()) {
    const most = Math.min(5000, 100 * 2 ** i);
    assert(ms >= most / 2 && ms <= most, `rest ${i}: ${ms}`);
  }
  const total = rests.reduce((sum, ms) => sum + ms, 0);
  assert(total > 120_000 && total < 130_000, `gave up after ${total}`);
  assertEquals(told, [cut.message]);
});

Deno.test("run() gives up after ten seconds when every connection is cut and the server has never answered", async () => {
  const { retries, rests } = scene();
  await assertRejects(() => retries.run(failing(...Array.from({ length: 100 }, () => cut))), BrokenConnection);
  const total = rests.reduce((sum, ms) => sum + ms, 0);
  assert(total > 10_000 && total < 16_000, `gave up after ${total}`);
});

Deno.test("run() throws a refusal at once, and when it was aborted its reason", async () => {
  const { retries } = scene();
  await assertRejects(() => retries.run(failing(cut, new AuthError("Cannot: revoked"))), AuthError);
  const abort = new AbortController();
  const aborted = new Retries({ now: () => 0, signal: abort.signal, onRetry: () => abort.abort(new Error("Ctrl-C")) });
  await assertRejects(() => aborted.run(failing(cut, cut)), Error, "Ctrl-C");
});

Deno.test("run() after something broke begins with a rest, and its answer does not count as getting through", async () => {
  const { retries, rests, told } = scene();
  for (let i = 0; i < 3; i++) await retries.run(failing(), cut);
  assert((rests[2] ?? 0) >= 200, `${rests}`);
  assertEquals(told.length, 1);
  retries.arrived();
  await retries.run(failing(), cut);
  assert((rests[3] ?? 0) <= 100, `${rests}`);
  assertEquals(told.length, 2);
});
