import { assertEquals, assertRejects } from "@std/assert";
import { Queue } from "../../src/daemon/queue.ts";

Deno.test("what is given for one key runs in order, for two keys side by side", async () => {
  const queue = new Queue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run("blog", "blog.1", async () => {
    await gate.promise;
    order.push("blog.1");
  });
  assertEquals(queue.behind("blog"), "blog.1");
  const second = queue.run("blog", "blog.2", () => Promise.resolve(order.push("blog.2")));
  await queue.run("shop", "shop.1", () => Promise.resolve(order.push("shop.1")));
  gate.resolve();
  await Promise.all([first, second]);
  assertEquals(order, ["shop.1", "blog.1", "blog.2"]);
});

Deno.test("a failure does not hold up the next one", async () => {
  const queue = new Queue();
  const failing = queue.run("blog", "blog.1", () => Promise.reject(new Error("no")));
  const next = queue.run("blog", "blog.2", () => Promise.resolve("yes"));
  await assertRejects(() => failing, Error, "no");
  assertEquals(await next, "yes");
  await Promise.resolve();
  assertEquals(queue.behind("blog"), undefined);
});

Deno.test("who leaves the line while it waits is told at once, and the next one does not wait for it", async () => {
  const queue = new Queue();
  const gate = Promise.withResolvers<void>();
  const cancel = new AbortController();
  const first = queue.run("build", "blog.1", () => gate.promise);
  const left = queue.run("build", "shop.1", () => Promise.resolve("built"), cancel.signal);
  const last = queue.run("build", "wiki.1", () => Promise.resolve("built"));
  assertEquals([queue.behind("build"), queue.names], ["wiki.1", ["blog.1", "shop.1", "wiki.1"]]);
  cancel.abort(new Error("cancelled"));
  await assertRejects(() => left, Error, "cancelled");
  assertEquals(queue.names, ["blog.1", "wiki.1"]);
  gate.resolve();
  await first;
  assertEquals(await last, "built");
  await assertRejects(() => queue.run("build", "late.1", () => Promise.resolve(), cancel.signal), Error, "cancelled");
  assertEquals(queue.names, []);
});

Deno.test("work that goes on is not ended by its signal: that is its own business", async () => {
  const queue = new Queue();
  const gate = Promise.withResolvers<string>();
  const cancel = new AbortController();
  const going = queue.run("build", "blog.1", () => gate.promise, cancel.signal);
  await Promise.resolve();
  cancel.abort();
  gate.resolve("built");
  assertEquals(await going, "built");
});

Deno.test("a wider queue runs so many side by side, and the next one waits for the first that ends", async () => {
  const queue = new Queue(2);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const began: string[] = [];
  const run = (name: string, gate?: Promise<void>) =>
    queue.run("build", name, () => {
      began.push(name);
      return gate ?? Promise.resolve();
    });
  const first = run("blog.1", gates[0]?.promise);
  assertEquals(queue.behind("build"), undefined);
  const second = run("shop.1", gates[1]?.promise);
  assertEquals(queue.behind("build"), "shop.1");
  const third = run("wiki.1");
  await Promise.resolve();
  assertEquals(began, ["blog.1", "shop.1"]);
  gates[1]?.resolve();
  await Promise.all([second, third]);
  gates[0]?.resolve();
  await first;
  assertEquals(began, ["blog.1", "shop.1", "wiki.1"]);
});
