import { assertEquals } from "@std/assert";
import { SPEC } from "../deploy/bench_server.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example", "start-timeout = 1s") };
const SHOP = { Dockerfile: dockerfile("shop", "domain = shop.example") };

Deno.test("after the start a service can be deployed while another is repaired, and one that is repaired queues", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  daemon.server.runtime.replicas.clear();
  daemon.server.runtime.behaviours.set(1, "never-ready");
  const queued = Promise.withResolvers<void>();
  let converged = false;
  const converging = daemon.deploys.work.reconcile(queued.resolve).then(() => converged = true);
  await queued.promise;
  // The fake machine knows behaviours by number alone: the second release of shop is one that comes up.
  daemon.server.store.fail("shop", daemon.server.store.createRelease(release("shop")).number, "failed", "", "");
  const shop = await daemon.deploy(SHOP);
  assertEquals([shop.at(-1)?.kind, converged], ["live", false]);
  const blog = await daemon.submit(await daemon.request({ ...BLOG, new: "file" }));
  assertEquals(
    (await daemon.events(blog)).slice(0, 2).map((event) => event.kind === "queued" ? event.behind : event.kind),
    [
      "accepted",
      "the daemon's repair",
    ],
  );
  daemon.server.runtime.behaviours.clear();
  await converging;
});

function release(name: string) {
  return { spec: { ...SPEC, name }, env: [], contentDigest: "", by: "test", at: "" };
}
