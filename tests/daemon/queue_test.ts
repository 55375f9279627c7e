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
