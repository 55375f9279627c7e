import { assertEquals } from "@std/assert";
import { type PartEnd, PartWatch } from "../../src/daemon/part_watch.ts";
import { waitUntil } from "../../src/wait.ts";

const SOON = { timeoutMs: 5000, intervalMs: 2 };

/** Docker, with two containers that run, as far as the watch sees it. */
class Bench implements AsyncDisposable {
  readonly running = new Map([["traefik", true], ["receiver", true]]);
  readonly started: string[] = [];
  readonly logged: string[] = [];
  readonly #ends: PartEnd[] = [];
  #news = Promise.withResolvers<void>();
  #gap: () => void = () => {};
  readonly #stop = new AbortController();
  readonly watch = new PartWatch({
    machine: {
      part: (name) => {
        const running = this.running.get(name);
        return Promise.resolve(running === undefined ? undefined : { running });
      },
      startPart: (name) => {
        this.started.push(name);
        this.running.set(name, true);
        return Promise.resolve();
      },
      ends: (signal, { onGap = () => {} }) => {
        this.#gap = onGap;
        return this.#tell(signal);
      },
    },
    names: ["traefik", "receiver"],
    log: (line) => void this.logged.push(line),
  });
  readonly #watching = this.watch.run(this.#stop.signal);

  async *#tell(signal: AbortSignal): AsyncGenerator<PartEnd> {
    while (!signal.aborted) {
      yield* this.#ends.splice(0);
      if (this.#ends.length === 0 && !signal.aborted) await this.#news.promise;
    }
  }

  /** Ends a container. */
  end(name: string, kinds: readonly PartEnd["kind"][]): void {
    this.running.set(name, false);
    this.#ends.push(...kinds.map((kind) => ({ name, kind })));
    this.#wake();
  }

  comesBack(): void {
    this.#gap();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#watching;
  }
}

Deno.test("a part that was killed is started again", async () => {
  await using bench = new Bench();
  bench.end("traefik", ["die"]);
  await waitUntil(() => bench.started.length > 0, { what: "it is started", ...SOON });
  assertEquals(bench.started, ["traefik"]);
  await waitUntil(() => bench.logged.length > 0, { what: "it is told", ...SOON });
  assertEquals(bench.logged, ["the container traefik did not run: it is started again"]);
});

Deno.test("a part that was stopped stays so, until Docker has been away", async () => {
  await using bench = new Bench();
  bench.end("receiver", ["die", "stop"]);
  await waitUntil(() => bench.logged.length > 0, { what: "it is told", ...SOON });
  assertEquals(bench.logged, [
    "the container receiver was stopped: it stays so until Docker, or this daemon, starts anew",
  ]);
  assertEquals(bench.started, []);
  bench.comesBack();
  await waitUntil(() => bench.started.length > 0, { what: "it is started", ...SOON });
  assertEquals(bench.started, ["receiver"]);
});

Deno.test("a part that runs again by itself, is being replaced, or is somebody else's, is left alone", async () => {
  await using bench = new Bench();
  bench.end("somebody-else", ["die"]);
  bench.end("traefik", ["die"]);
  bench.running.set("traefik", true);
  bench.end("receiver", ["die"]);
  bench.running.delete("receiver");
  await bench.watch.startAll();
  assertEquals(bench.started, []);
  assertEquals(bench.logged, ["the container receiver is missing: mypaas init makes it again"]);
});
