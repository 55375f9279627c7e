import { assert, assertEquals, assertRejects } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

/** Nothing but a `FROM`: the tag alone says what is deployed. */
const SITE = { Dockerfile: dockerfile("site", "domain = site.example") };

/** Release and whether it was live already. */
function endOf(events: readonly NumberedEvent[]): readonly [number, boolean] {
  const end = events.at(-1);
  assert(end?.kind === "live", JSON.stringify(end));
  return [end.release, end.alreadyLive];
}

Deno.test("a push of a Dockerfile of one FROM makes a release when its tag leads elsewhere, and only then", async () => {
  await using daemon = await BenchDaemon.start();
  assertEquals(endOf(await daemon.deploy(SITE)), [1, false]);
  assertEquals(endOf(await daemon.deploy(SITE)), [1, true]);
  daemon.images.compared = { current: false };
  assertEquals(endOf(await daemon.deploy(SITE)), [2, false]);
  assertEquals(daemon.images.followed, ["busybox", "busybox"]);
});

Deno.test("a push whose registry does not answer is already live, with a warning", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(SITE);
  daemon.images.compared = { current: true, warning: '"busybox" cannot be pulled again' };
  const events = await daemon.deploy(SITE);
  assertEquals(endOf(events), [1, true]);
  assert(events[0]?.kind === "warning" && events[0].text === '"busybox" cannot be pulled again');
});

Deno.test("only the tag of a Dockerfile of one FROM is followed", async () => {
  await using daemon = await BenchDaemon.start();
  const digest = `@sha256:${"0".repeat(64)}`;
  daemon.images.compared = { current: false };
  for (
    const files of [{ Dockerfile: `${SITE.Dockerfile}\nRUN true` }, {
      Dockerfile: SITE.Dockerfile.replace("busybox", `busybox${digest}`),
    }]
  ) {
    const [release] = endOf(await daemon.deploy(files));
    assertEquals(endOf(await daemon.deploy(files)), [release, true]);
  }
  assertEquals(daemon.images.followed, [undefined, undefined]);
});

Deno.test("a push whose sender went away while its registry was asked is not accepted", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(SITE);
  const gone = new AbortController();
  daemon.images.compared = { current: false };
  const request = await daemon.request(SITE);
  const submitted = daemon.deploys.submit(request, {
    door: "local",
    source: daemon.parts.sources.local,
    by: "test",
    signal: gone.signal,
  });
  gone.abort();
  await assertRejects(() => submitted, MyPaasError, 'Cannot deploy "site": who asked has gone away');
  assertEquals(daemon.server.store.releases("site", 9).length, 1);
});

Deno.test("a server with the classic builder refuses what needs BuildKit before a release is taken", async () => {
  await using daemon = await BenchDaemon.start({ builderKind: "classic" });
  const files = { Dockerfile: `${SITE.Dockerfile}\nCOPY --link a /a` };
  await assertRejects(() => daemon.deploy(files), UsageError, "COPY --link needs BuildKit");
  assertEquals(daemon.server.store.releases("site", 9), []);
});
