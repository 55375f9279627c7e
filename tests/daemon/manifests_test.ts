import { assert, assertEquals } from "@std/assert";
import { manifestDifference } from "../../src/archive/manifest_difference.ts";
import { manifestDigest } from "../../src/archive/manifest_digest.ts";
import type { DeployRequest } from "../../src/wire/requests.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const FILES = { Dockerfile: dockerfile("blog"), a: "one", b: "two" };

/** The request for a deploy as a difference to another one's manifest. */
async function differing({ manifest: base }: DeployRequest, { manifest, ...common }: DeployRequest) {
  const difference = {
    base: await manifestDigest(base),
    digest: await manifestDigest(manifest),
    ...manifestDifference(base, manifest),
  };
  return { ...common, difference };
}

async function scene() {
  const daemon = await BenchDaemon.start();
  const laptop = await daemon.laptop();
  const ask = (request: object) => daemon.ask(laptop, "POST /v1/deploy?service=blog", request);
  return { daemon, ask, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

Deno.test("a deploy as a difference makes the same release as the whole manifest", async () => {
  await using test = await scene();
  const first = await test.daemon.request(FILES);
  assertEquals((await test.ask(first)).status, 200);
  const second = await test.daemon.request({ ...FILES, b: "changed", c: "new" });
  const answer = await test.ask(await differing(first, second));
  assertEquals([answer.status, answer.text.includes('"kind":"live"')], [200, true]);
  assertEquals(test.daemon.builds, ["blog:1", "blog:2"]);
  const again = await test.ask(second);
  assert(again.text.includes('"alreadyLive":true'), again.text);
  const unchanged = await test.ask(await differing(second, second));
  assert(unchanged.text.includes('"alreadyLive":true'), unchanged.text);
});

Deno.test("a deploy as a difference to what the daemon does not know is answered 409, proved, and changes nothing", async () => {
  await using test = await scene();
  const first = await test.daemon.request(FILES);
  await test.ask(first);
  test.daemon.manifests.stored.clear();
  const answer = await test.ask(await differing(first, await test.daemon.request({ ...FILES, b: "changed" })));
  assertEquals([answer.status, answer.proved], [409, true]);
  assert(answer.text.includes("does not have the list of files that this push builds on any more"), answer.text);
  assertEquals(test.daemon.builds, ["blog:1"]);
});

Deno.test("a difference that does not come to what it says is answered 409, one that comes to no manifest 400", async () => {
  await using test = await scene();
  const first = await test.daemon.request(FILES);
  await test.ask(first);
  const good = await differing(first, await test.daemon.request({ ...FILES, b: "changed" }));
  const changed = (change: object) => ({ ...good, difference: { ...good.difference, ...change } });
  assertEquals((await test.ask(changed({ digest: good.difference.base }))).status, 409);
  assertEquals((await test.ask(changed({ removed: ["nothing"] }))).status, 409);
  const below = await test.ask(changed({ changed: [{ type: "dir", path: "a/below", mode: 0o755 }] }));
  assert(below.status === 400 && below.text.includes("lies below"), below.text);
  const without = await test.ask(changed({ removed: ["Dockerfile"] }));
  assert(without.status === 400 && without.text.includes("must be a file of the manifest"), without.text);
  assertEquals(test.daemon.builds, ["blog:1"]);
});

Deno.test("a deploy of which a part was collected is answered 409 before anything is built", async () => {
  await using test = await scene();
  for (const lost of ["a", "Dockerfile"] as const) {
    const request = await test.daemon.request(FILES);
    const entry = request.manifest.entries.find(({ path }) => path === lost);
    assert(entry?.type === "file");
    test.daemon.blobs.stored.delete(`blog/${entry.chunks[0]?.digest}`);
    const answer = await test.ask(request);
    assertEquals(answer.status, 409, answer.text);
    assert(answer.text.includes("the server does not have 1 of the parts of its files any more"), answer.text);
  }
  assertEquals(test.daemon.builds, []);
});

Deno.test("a deploy of a long list of files gives the memory back that reading it took, a short one does not", async () => {
  await using daemon = await BenchDaemon.start();
  const short = await daemon.request({ Dockerfile: "# mypaas.servicename = blog\nFROM busybox\n" });
  const folders = Array.from({ length: 6000 }, (_, n) => ({ type: "dir", path: `d${1e6 + n}`, mode: 0o755 } as const));
  const long = { ...short, manifest: { entries: [...short.manifest.entries, ...folders] } };
  for (const [request, freed] of [[short, 0], [long, 1]] as const) {
    const body = JSON.stringify(request);
    const answer = await daemon.local(new Request("http://daemon/v1/deploy?service=blog", { method: "POST", body }));
    assertEquals([answer.status, daemon.freed], [200, freed]);
    await answer.text();
  }
});
