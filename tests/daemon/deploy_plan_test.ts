import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NotReadyError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { DeployPlan } from "../../src/wire/deploy_plan.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example") };

Deno.test("a dry run tells the steps and changes nothing", async () => {
  await using daemon = await BenchDaemon.start();
  const files = { Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 2", "volume = data:/data") };
  const [plan, ...more] = await daemon.deploy(files, { dryRun: true });
  assert(plan?.kind === "planned");
  assertEquals(plan.steps.slice(0, 2), ["build blog:1", "create blog.1.1, blog.1.2"]);
  assertStringIncludes(plan.notes.join(), "more than one writer");
  assertEquals([more, daemon.builds, daemon.server.store.services(), daemon.server.runtime.calls], [[], [], [], []]);
  const { steps, notes, kind, seq, time, ...told } = plan;
  assertEquals([steps.length, notes.length, kind, seq, time.slice(-1)], [7, 1, "planned", 1, "Z"]);
  assertEquals(told, {
    service: "blog",
    release: 1,
    liveRelease: undefined,
    alreadyLive: false,
    order: "start-first",
    because: "nothing is live that had to stop",
    urls: ["http://blog.example/"],
    volumes: [{ place: "/volumes/blog/data", target: "/data", readOnly: false }],
    publish: [],
    changes: [],
  });
});

/** The plan of a deploy. */
async function planned(
  daemon: BenchDaemon,
  files: Readonly<Record<string, string>>,
  change: { readonly force?: boolean } = {},
): Promise<DeployPlan> {
  const [plan] = await daemon.deploy(files, { ...change, dryRun: true });
  assert(plan?.kind === "planned");
  return plan;
}

Deno.test("a plan is about the difference to the live release, and says when there is none", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const same = await planned(daemon, BLOG);
  assertEquals([same.alreadyLive, same.release, same.liveRelease, same.steps], [true, 1, 1, []]);
  const forced = await planned(daemon, BLOG, { force: true });
  assertEquals([forced.alreadyLive, forced.release, forced.order, forced.changes], [false, 2, "stop-first", []]);
  assertEquals(forced.steps.slice(-1), ["remove blog.1.1"]);
  assertEquals(forced.because, "scale is 0: there are never two containers at once, and requests wait in between");
  const options = ["domain = blog.example", "scale = 2", "drain-timeout = 5s", "env = TOKEN=secret"];
  const scaled = await planned(daemon, { Dockerfile: dockerfile("blog", ...options) });
  assertEquals([scaled.order, scaled.because], [
    "start-first",
    "scale is 2: the new containers are ready before the old ones stop",
  ]);
  assertEquals(scaled.changes, [
    { option: "scale", change: "changed", value: "2", before: "0" },
    { option: "env", change: "added", value: "TOKEN" },
  ]);
  assertEquals(daemon.server.store.releases("blog", 9).length, 1);
});

Deno.test("a plan of what follows a tag says that a deploy pulls it, and pulls nothing itself", async () => {
  await using daemon = await BenchDaemon.start();
  const files = { Dockerfile: "# mypaas.servicename = cache\nFROM redis:7" };
  await daemon.deploy(files);
  const plan = await planned(daemon, files);
  assertEquals(plan.alreadyLive, true);
  assertEquals(plan.notes, ["A deploy pulls redis:7 first, and does nothing only if that is the image which runs"]);
});

Deno.test("a plan beside a deploy says that it may be different then", async () => {
  await using daemon = await BenchDaemon.start();
  const gate = Promise.withResolvers<void>();
  daemon.onBuild = () => gate.promise;
  const first = await daemon.submit(await daemon.request(BLOG));
  assertStringIncludes((await planned(daemon, BLOG)).notes.join(), "Another deploy of it is under way");
  gate.resolve();
  await daemon.events(first);
});

Deno.test("a dry run reads the Dockerfile and no other file", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.request({ ...BLOG, big: "never sent" }, { dryRun: true });
  daemon.blobs.stored.delete(`blog/${sha256("never sent")}`);
  assertEquals((await daemon.events(await daemon.submit(request))).map(({ kind }) => kind), ["planned"]);
});

Deno.test("a service that is named by the server and is no website fails with how to say so", async () => {
  const autoDomain = "192-0-2-7.sslip.io";
  await using daemon = await BenchDaemon.start({ autoDomain });
  const database = { Dockerfile: dockerfile("db") };
  assertStringIncludes(
    (await planned(daemon, database)).notes.join(),
    "The server gives it the name db.192-0-2-7.sslip.io",
  );
  daemon.onBuild = () => {
    throw new NotReadyError("Cannot start db.1.1: nothing listens on port 80");
  };
  const failed = (await daemon.deploy(database)).at(-1);
  assert(failed?.kind === "failed");
  assertStringIncludes(failed.error.hint ?? "", "if it is no website, say # mypaas.domain = none.");
});
