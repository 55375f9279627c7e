import { within } from "../../src/wait.ts";
import { CHECKOUT } from "./project.ts";

/** What a load got back. */
export interface LoadResult {
  /** Requests that were sent, at the rate that was asked for, give or take one of a hundred: `rate * seconds`. */
  readonly sent: number;
  readonly seconds: number;
  /** Requests that got no answer, or another status than 200. */
  readonly failed: number;
  /** What failed, by cause, with how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** How often each body came with status 200. */
  readonly bodies: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The longest time in which no request was answered with 200, in milliseconds. */
  readonly longestGap: number;
  /** In the order in which they were sent. */
  readonly requests: readonly LoadRequest[];
}

/** One request of a load. */
export interface LoadRequest {
  /** When it was sent, milliseconds since 1970. */
  readonly at: number;
  /** Until its answer, milliseconds. */
  readonly ms: number;
  readonly ok: boolean;
  /** What was answered. */
  readonly text: string;
}

interface Hit {
  readonly code: number;
  /** RFC 3339. */
  readonly timestamp: string;
  /** Nanoseconds. */
  readonly latency: number;
  readonly error: string;
  /** base64 */
  readonly body: string | null;
}

/**
 * Load on one address of this machine by vegeta, an open model: it sends at its rate however slow the answers are. Runs
 * until `stop()`, at most `maxSeconds`.
 */
export class Load {
  readonly #attack: Deno.ChildProcess;
  readonly #output: Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }>;
  readonly #rate: number;
  readonly #maxSeconds: number;
  readonly #begun = Promise.withResolvers<void>();

  /** @param url on 127.0.0.1; `host` goes into the Host header; `rate` in requests per second */
  constructor(url: string, { host, rate, maxSeconds = 90 }: { host: string; rate: number; maxSeconds?: number }) {
    this.#rate = rate;
    this.#maxSeconds = maxSeconds;
    // Requests wait in the hold for seconds: vegeta needs a worker for each, and time.
    const limits = ["-timeout=40s", "-max-workers=20000", "-connections=20000"];
    this.#attack = new Deno.Command(`${CHECKOUT}/.tools/bin/vegeta`, {
      args: ["attack", `-rate=${rate}`, `-duration=${maxSeconds}s`, ...limits],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#collect(`GET ${url}\nHost: ${host}\n`);
    this.#output.catch(() => {});
  }

  async #collect(target: string) {
    const input = this.#attack.stdin.getWriter();
    await input.write(new TextEncoder().encode(target));
    await input.close();
    // The results are gob: a second vegeta makes JSON lines of them.
    const encode = new Deno.Command(`${CHECKOUT}/.tools/bin/vegeta`, {
      args: ["encode", "--to", "json"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const results = this.#attack.stdout.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          this.#begun.resolve();
          controller.enqueue(chunk);
        },
      }),
    );
    const [, stderr, { code }, encoded] = await Promise.all([
      results.pipeTo(encode.stdin),
      new Response(this.#attack.stderr).text(),
      this.#attack.status,
      encode.output(),
    ]);
    return { stdout: new TextDecoder().decode(encoded.stdout), stderr, code };
  }

  /** Waits until the first request has been answered, so that others are on their way. */
  async begun(): Promise<void> {
    await within(this.#begun.promise, { what: "the load begins", timeoutMs: 60_000 });
  }

  /** Waits until it has run for its time, and tells what came back. */
  async finished(): Promise<LoadResult> {
    return await this.#result();
  }

  /** Ends the load, waits for the requests in flight, and tells what came back. */
  async stop(): Promise<LoadResult> {
    try {
      this.#attack.kill("SIGINT"); // vegeta's own way to end early: in-flight requests are waited for
    } catch {
      // it has ended by itself
    }
    return await this.#result();
  }

  async #result(): Promise<LoadResult> {
    const { stdout, stderr, code } = await within(this.#output, {
      what: "the load generator ends",
      timeoutMs: (this.#maxSeconds + 60) * 1000,
    });
    if (stdout === "") throw new Error(`Cannot load the server: vegeta exit ${code}: ${stderr}`);
    return summarize(stdout.trim().split("\n").map((line) => JSON.parse(line)), this.#rate);
  }
}

/** @throws when the generator did not send at its rate, because then the numbers mean nothing */
function summarize(hits: readonly Hit[], rate: number): LoadResult {
  const times = hits.map(({ timestamp }) => Date.parse(timestamp));
  const seconds = (Math.max(...times) - Math.min(...times)) / 1000 + 1 / rate;
  const sent = hits.length;
  if (Math.abs(sent - rate * seconds) > Math.max(2, rate * 0.1, sent * 0.01)) {
    throw new Error(`The load generator sent ${sent} requests in ${seconds} s instead of ${rate * seconds}`);
  }
  const failures: Record<string, number> = {};
  const bodies: Record<string, number> = {};
  for (const { code, error, body } of hits) {
    const text = code === 200 ? atob(body ?? "") : `${code} ${error || atob(body ?? "").slice(0, 80)}`;
    const counts = code === 200 ? bodies : failures;
    counts[text] = (counts[text] ?? 0) + 1;
  }
  const requests = hits.map(({ code, latency, body }, i) => ({
    at: times[i] ?? 0,
    ms: latency / 1e6,
    ok: code === 200,
    text: atob(body ?? ""),
  })).sort((a, b) => a.at - b.at);
  const latencies = requests.map(({ ms }) => ms);
  return {
    sent,
    seconds,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    failures,
    bodies,
    ...spread(latencies),
    longestGap: longestGap(requests),
    requests,
  };
}

/** Half of the numbers are below `p50`, all but a hundredth below `p99`. */
export function spread(
  numbers: readonly number[],
): { readonly p50: number; readonly p99: number; readonly max: number } {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

function longestGap(requests: readonly LoadRequest[]): number {
  const answered = requests.filter(({ ok }) => ok).map(({ at, ms }) => at + ms).sort((a, b) => a - b);
  return Math.max(0, ...answered.slice(1).map((at, i) => at - (answered[i] ?? at)));
}
