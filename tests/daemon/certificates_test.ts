import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Certificates, type CertificateTimes, type StoredCertificate } from "../../src/daemon/certificates.ts";
import type { CertificateOrder } from "../../src/daemon/certificate_orders.ts";
import type { Release } from "../../src/deploy/store.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { waitUntil } from "../../src/wait.ts";
import { SPEC } from "../deploy/bench_server.ts";

const LATER = "2027-02-20T10:00:00.000Z";
const FAST: CertificateTimes = {
  firstPause: 10,
  longestPause: 20,
  order: 200,
  firstOrderPause: 300,
  longestOrderPause: 600,
  settle: 3000,
};

/** A server whose names, tables and authority are as a test says. */
class Scene implements Disposable {
  readonly stored = new Map<string, StoredCertificate>();
  /** What is wrong with a name; those that are not in it lead here. */
  readonly problems = new Map<string, string>();
  /** The domains of each table that was written. */
  readonly tables: (readonly string[])[] = [];
  readonly logged: string[] = [];
  /** What the authority does when it is asked. */
  onOrder: (domain: string) => void = (domain) => void this.stored.set(domain, { notAfter: LATER });
  live: readonly string[] = [];
  readonly #stop = new AbortController();
  readonly certificates: Certificates;

  /** @param kept what a daemon before this one has left */
  constructor(times: Partial<CertificateTimes> = {}, readonly kept = new Map<string, CertificateOrder>()) {
    this.certificates = new Certificates({
      store: { allLive: () => this.live.map((domain) => ({ spec: spec(domain) }) as Release) },
      orders: {
        order: (domain) => kept.get(domain),
        note: (domain, order) => void kept.set(domain, order),
        forget: (domain) => void kept.delete(domain),
      },
      ownDomain: undefined,
      stored: () => Promise.resolve(this.stored),
      nameProblem: (domain) => Promise.resolve(this.problems.get(domain)),
      writeRoutes: () => {
        const ordered = this.certificates.ordered();
        this.tables.push(ordered);
        ordered.forEach((domain) => this.onOrder(domain));
        return Promise.resolve();
      },
      whereToLook: "see the log",
      now: () => new Date("2026-11-23T10:00:00Z"),
      log: (line) => void this.logged.push(line),
      times: { ...FAST, ...times },
    }, this.#stop.signal);
  }

  /** Makes a service live, and gives what its deploy is told. */
  async deploy(...domains: readonly string[]): Promise<readonly string[]> {
    this.live = [...this.live, ...domains];
    const events = await this.certificates.settle(spec(...domains));
    return events.map((event) => event.kind === "warning" ? event.text : event.kind);
  }

  async state(domain: string): Promise<string> {
    const [summary] = await this.certificates.summaries([domain]);
    return summary?.state ?? "";
  }

  async until(domain: string, state: string): Promise<void> {
    const limits = { what: `${domain} is ${state}`, timeoutMs: 5000, intervalMs: 2 };
    await waitUntil(async () => await this.state(domain) === state, limits);
  }

  /** How often the authority was asked for a domain. */
  orders(domain: string): number {
    return this.tables.filter((table) => table.includes(domain)).length;
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

function spec(...domains: readonly string[]): ServiceSpec {
  return { ...SPEC, sites: domains.map((domain) => ({ domain, path: "/", https: true })) };
}

Deno.test("a domain that leads here is ordered in one table, and not in the next", async () => {
  using scene = new Scene();
  assertEquals(await scene.deploy("a.test"), []);
  assertEquals(await scene.state("a.test"), "valid");
  assertEquals(scene.tables, [["a.test"], []]);
  assertEquals(await scene.deploy("a.test"), []);
  assertEquals(scene.orders("a.test"), 1);
});

Deno.test("a domain that leads elsewhere is never ordered, tells why, holds up nobody, and is ordered when it is repaired", async () => {
  using scene = new Scene();
  scene.problems.set("bad.test", "bad.test resolves to 1.2.3.4, not to this server");
  assertEquals(await scene.deploy("bad.test", "good.test"), [
    "certificate pending: bad.test resolves to 1.2.3.4, not to this server; the server looks again by itself",
  ]);
  assertEquals([await scene.state("good.test"), await scene.state("bad.test")], ["valid", "pending"]);
  assertEquals(scene.orders("bad.test"), 0);
  scene.problems.clear();
  await scene.until("bad.test", "valid");
  assertEquals(scene.orders("bad.test"), 1);
});

Deno.test("a push looks at a pending name at once", async () => {
  using scene = new Scene({ firstPause: 60_000, longestPause: 60_000 });
  scene.problems.set("bad.test", "bad.test has no address");
  await scene.deploy("bad.test");
  scene.problems.clear();
  assertEquals(await scene.deploy("bad.test"), []);
  assertEquals(await scene.state("bad.test"), "valid");
});

Deno.test("after an order that failed the authority is left alone, whatever is pushed, and asked again later", async () => {
  using scene = new Scene({ firstOrderPause: 60_000 });
  scene.onOrder = () => {};
  assertEquals(await scene.deploy("a.test"), [
    "certificate pending: the authority gave no certificate for a.test: see the log; the server looks again by itself",
  ]);
  await scene.deploy("a.test");
  assertEquals(scene.orders("a.test"), 1);

  using again = new Scene({ order: 30, firstOrderPause: 30 });
  let failures = 2;
  const give = again.onOrder;
  again.onOrder = (domain) => failures-- > 0 ? undefined : give(domain);
  await again.deploy("a.test");
  await again.until("a.test", "valid");
  assertEquals(again.orders("a.test"), 3);
});

Deno.test("a daemon that starts again leaves the authority alone for as long as the one before would have", async () => {
  using first = new Scene({ firstOrderPause: 60_000, longestOrderPause: 90_000 });
  first.onOrder = () => {};
  const told = await first.deploy("a.test");
  assertEquals(first.orders("a.test"), 1);
  using second = new Scene({ firstOrderPause: 60_000, longestOrderPause: 90_000 }, first.kept);
  assertEquals(await second.deploy("a.test"), told);
  assertEquals(second.orders("a.test"), 0);
  assertEquals(first.kept.get("a.test"), { tries: 1, notBefore: "2026-11-23T10:01:00.200Z" });

  // The power went while the authority was asked, long ago; now it gives one, and nothing is left of it.
  using later = new Scene({}, new Map([["a.test", { tries: 3, notBefore: "2026-11-23T09:00:00.000Z" }]]));
  assertEquals(await later.deploy("a.test"), []);
  assertEquals(later.kept.size, 0);
});

Deno.test("a deploy waits a few seconds only for an authority that is slow", async () => {
  using scene = new Scene({ settle: 30, order: 60_000 });
  scene.onOrder = () => {};
  const [note = ""] = await scene.deploy("slow.test");
  assertStringIncludes(note, "the certificate of slow.test is not there yet");
  assertEquals(await scene.state("slow.test"), "ordered");
});

Deno.test("nobody looks at a domain that no live release has any more", async () => {
  using scene = new Scene();
  scene.problems.set("gone.test", "gone.test has no address");
  await scene.deploy("gone.test");
  scene.live = [];
  await scene.until("gone.test", "looking");
  scene.problems.clear();
  assertEquals(scene.orders("gone.test"), 0);
});

Deno.test("a certificate that is out of date is pending, and Traefik, which renews it, is not asked again", async () => {
  using scene = new Scene();
  scene.stored.set("old.test", { notAfter: "2026-11-22T10:00:00Z" });
  const [note = ""] = await scene.deploy("old.test");
  assertStringIncludes(note, "the certificate of old.test is out of date, and Traefik could not renew it");
  assertEquals(scene.tables, []);
});

Deno.test("run() follows what was live before the daemon started, and lookAtAll() tells of it", async () => {
  using scene = new Scene();
  scene.live = ["a.test", "b.test"];
  scene.stored.set("b.test", { notAfter: LATER });
  const running = scene.certificates.run();
  await scene.until("a.test", "valid");
  const all = await scene.certificates.lookAtAll();
  assertEquals(all.map(({ domain, state }) => `${domain} ${state}`), ["a.test valid", "b.test valid"]);
  assertEquals(scene.orders("b.test"), 0);
  scene[Symbol.dispose]();
  await running;
  assert(scene.logged.some((line) => line.includes("a.test leads here")));
});
