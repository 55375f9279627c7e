import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { keptBlobs } from "../../src/daemon/blob_lists.ts";
import { MyPaasError } from "../../src/error.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

/** Asks as the receiver does; the digests, and the kind of the last line. */
async function keepList(daemon: BenchDaemon, query: string) {
  const response = await daemon.gate(new Request(`http://daemon/v1/keep?${query}`));
  const lines = (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
  return { status: response.status, digests: lines.flatMap(({ digests }) => digests ?? []), end: lines.at(-1).kind };
}

/** Deploys a Dockerfile that has a number in it, as if it had come through a door; its digest. */
async function deploy(daemon: BenchDaemon, n: number, door: "local" | "gate"): Promise<string> {
  const request = await daemon.request({ Dockerfile: `${dockerfile("blog")}\n# ${n}` });
  const { local: source } = daemon.parts.sources;
  await daemon.events(await daemon.deploys.submit(request, { source, door, by: "test" }));
  await daemon.settled();
  const [entry] = request.manifest.entries;
  return entry?.type === "file" ? entry.chunks[0]?.digest ?? "" : "";
}

Deno.test("the keep-list has the blobs of the releases whose images are kept, or of those that run", async () => {
  await using daemon = await BenchDaemon.start();
  const digests: string[] = [];
  for (let n = 0; n < 7; n++) digests.push(await deploy(daemon, n, "gate"));
  const all = await keepList(daemon, "service=blog&scope=all");
  assertEquals(all, { status: 200, digests: digests.slice(2).reverse(), end: "end" });
  assertEquals((await keepList(daemon, "service=blog&scope=live")).digests, digests.slice(6));
  assertEquals((await keepList(daemon, "service=shop&scope=all")).digests, []);
  assertEquals(daemon.blobLists.digests("blog", 1, "gate"), []);
});

Deno.test("the keep-list has the blobs of a deploy that is on its way, and of the release that was rolled back to", async () => {
  await using daemon = await BenchDaemon.start();
  const first = await deploy(daemon, 1, "gate");
  await deploy(daemon, 2, "gate");
  const rollback = await daemon.deploys.redeploy("blog", { origin: { kind: "rollback", of: 1 } }, { by: "test" });
  await daemon.events(rollback);
  assertEquals((await keepList(daemon, "service=blog&scope=live")).digests, [first]);
  const building = Promise.withResolvers<void>();
  daemon.onBuild = () => building.promise;
  const request = await daemon.request({ Dockerfile: `${dockerfile("blog")}\n# 3` });
  const { local: source } = daemon.parts.sources;
  const pending = await daemon.deploys.submit(request, { source, door: "gate", by: "test" });
  assertEquals((await keepList(daemon, "service=blog&scope=live")).digests.length, 2);
  building.resolve();
  await daemon.events(pending);
});

Deno.test("the receiver learns nothing of what did not come through it", async () => {
  await using daemon = await BenchDaemon.start();
  const digest = await deploy(daemon, 1, "local");
  assertEquals((await keepList(daemon, "service=blog&scope=all")).digests, []);
  const local = keptBlobs({ blobLists: daemon.blobLists, store: daemon.server.store }, {
    service: "blog",
    scope: "all",
    door: "local",
  });
  assertEquals(local, new Set([digest]));
});

Deno.test("the keep-list is for the receiver, in the form that it asks for", async () => {
  await using daemon = await BenchDaemon.start();
  const local = await daemon.local(new Request("http://daemon/v1/keep?service=blog&scope=all"));
  assertStringIncludes(await local.text(), "this server does not know it");
  const wrong = await daemon.gate(new Request("http://daemon/v1/keep?service=../x&scope=all"));
  assertStringIncludes(await wrong.text(), "must be the name of a service");
});

Deno.test("a deploy for whose build the disk has no space is refused, and nothing has changed", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.disk = { free: 1000 * 2 ** 20, reserve: 1000 * 2 ** 20 };
  const request = await daemon.request({ Dockerfile: dockerfile("blog") });
  const error = await assertRejects(
    () => daemon.submit(request),
    MyPaasError,
    'Cannot deploy "blog": the disk is full',
  );
  assertStringIncludes(error.hint ?? "", "docker system df");
  assertEquals(daemon.server.store.releases("blog", 10), []);
});

Deno.test("a disk that gets full while the context is read ends the build, and the old release serves", async () => {
  await using daemon = await BenchDaemon.start();
  await deploy(daemon, 1, "local");
  const files = { Dockerfile: dockerfile("blog"), big: "x".repeat(33 << 20) };
  const request = await daemon.request(files);
  const [first] = daemon.builds;
  const deploying = daemon.submit(request);
  await deploying;
  daemon.disk = { free: 0, reserve: 2 ** 30 };
  const events = await daemon.events(await deploying);
  const end = events.at(-1);
  assertEquals(end?.kind === "failed" ? end.error.message : end, 'Cannot build "blog": the disk is full');
  assertEquals([first, daemon.server.store.live("blog")?.number], ["blog:1", 1]);
});
