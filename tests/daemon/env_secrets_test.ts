import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { getEnv, listEnv } from "../../src/client/env.ts";
import { MyPaasError } from "../../src/error.ts";
import { BenchDaemon } from "./bench_daemon.ts";
import { BLOG, change, client, endOf, liveEnv, SECRET, set, values } from "./env_bench.ts";

Deno.test("after a rollback a change of one variable takes no other one away, unless it is asked for", async () => {
  await using daemon = await BenchDaemon.start();
  await set(daemon, { PASSWORD: "p", TOKEN: "t" });
  await daemon.deploy(BLOG);
  await endOf(daemon, (await change(daemon, { unset: ["TOKEN"] })).deploy);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: "p" });
  const back = await daemon.deploys.redeploy("blog", { origin: { kind: "rollback", of: 1 } }, { by: "test" });
  await daemon.events(back);
  await endOf(daemon, (await set(daemon, { PASSWORD: "q" })).deploy);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: "q", TOKEN: "t" });
  await endOf(daemon, (await change(daemon, { unset: ["TOKEN"] })).deploy);
  assertEquals(liveEnv(daemon), { GREETING: "hello", PASSWORD: "q" });
});

Deno.test("what was set as a secret is given back to nobody, also when it is set again without that", async () => {
  await using daemon = await BenchDaemon.start();
  await change(daemon, { set: values({ PASSWORD: SECRET }), secret: true });
  await set(daemon, { PASSWORD: "other", TOKEN: "t" });
  const error = await getEnv(client(daemon), { service: "blog", name: "PASSWORD" }).catch((error) => error);
  assert(error instanceof MyPaasError);
  assertStringIncludes(error.message, 'Cannot read "PASSWORD" of "blog": it was stored with --secret');
  assertEquals(await getEnv(client(daemon), { service: "blog", name: "TOKEN" }), "t");
  const { variables } = await listEnv(client(daemon), "blog");
  assertEquals(variables.map(({ name, secret }) => [name, secret]), [["PASSWORD", true], ["TOKEN", false]]);
});
