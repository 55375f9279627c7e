import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UpgradePause } from "../../src/daemon/upgrade_pause.ts";
import { MyPaasError } from "../../src/error.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

function soon<T>(event: Promise<T>): Promise<T> {
  return within(event, { what: "it comes", timeoutMs: 10_000 });
}

Deno.test("a pause is ready at once when nothing goes on, and lets work begin again when it is over", async () => {
  const pause = new UpgradePause(() => []);
  const over = new AbortController();
  const lines = pause.lines(over.signal);
  assertEquals(await soon(lines.next()), { done: false, value: { kind: "ready" } });
  let began = false;
  await assertRejects(
    () => pause.enter('deploy of "blog"', () => began = true),
    MyPaasError,
    'Cannot begin the deploy of "blog": this server is being upgraded',
  );
  assertEquals(began, false);
  const end = lines.next();
  over.abort();
  assertEquals((await soon(end)).done, true);
  assertEquals(await pause.enter("deploy", () => 7), 7);
});

Deno.test("a pause waits for what goes on, also for what is just being accepted, and tells when that changes", async () => {
  let underWay: readonly string[] = ["blog.7", "shop.2"];
  const pause = new UpgradePause(() => underWay);
  const accepted = Promise.withResolvers<void>();
  const entering = pause.enter('deploy of "wiki"', () => accepted.promise);
  const over = new AbortController();
  const lines = pause.lines(over.signal);
  const next = async () => (await soon(lines.next())).value;
  assertEquals(await next(), { kind: "waiting", waitsFor: ["blog.7", "shop.2", 'the deploy of "wiki"'] });
  underWay = ["shop.2", "wiki.1"];
  accepted.resolve();
  await entering;
  assertEquals(await next(), { kind: "waiting", waitsFor: ["shop.2", "wiki.1"] });
  underWay = [];
  assertEquals(await next(), { kind: "ready" });
  over.abort();
  await lines.return(undefined);
});

Deno.test("POST /v1/upgrade waits for the deploy that goes on, and is there for root only", async () => {
  await using daemon = await BenchDaemon.start();
  const built = Promise.withResolvers<void>();
  daemon.onBuild = () => built.promise;
  const request = await daemon.request({ Dockerfile: dockerfile("blog", "domain = blog.example") });
  const post = (where: string, body?: unknown, signal?: AbortSignal) =>
    new Request(`http://daemon${where}`, {
      method: "POST",
      ...body !== undefined && { body: JSON.stringify(body) },
      ...signal && { signal },
    });
  const deploy = (await daemon.local(post("/v1/deploy?service=blog", request))).text();
  await waitUntil(() => daemon.builds.length > 0, { what: "the build goes on", timeoutMs: 10_000 });

  const over = new AbortController();
  const answer = await daemon.local(post("/v1/upgrade", undefined, over.signal));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader?.read())?.value, '{"kind":"waiting","waitsFor":["blog.1"]}\n');
  const refused = await daemon.local(post("/v1/deploy?service=blog", request));
  assertMatch(await refused.text(), /Cannot begin the deploy of .*blog.*: this server is being upgraded/);
  const listed = await daemon.local(new Request("http://daemon/v1/services"));
  assertEquals((await listed.json())[0].status, "deploying");
  built.resolve();
  assertEquals((await reader?.read())?.value, '{"kind":"ready"}\n');
  assertMatch(await deploy, /"kind":"live"/);
  over.abort();
  await reader?.cancel();
  const laptop = await daemon.laptop({ role: "admin" });
  const remote = await daemon.gate(await daemon.signed(laptop, "POST /v1/upgrade"));
  assertMatch(await remote.text(), /Cannot answer POST \/v1\/upgrade: this server does not know it/);
});
