import { assert, assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { jsonLines, MYPAAS, type Ran, sharedServer, succeeded } from "../lab.ts";
import type { AppProject } from "../project.ts";

const server = sharedServer();

function site(name: string, text: string, app: Readonly<Record<string, string>> = {}): AppProject {
  return { name, options: { domain: `${name}.test` }, app: { TEXT: text, ...app } };
}

/** One whose build does not end by itself. */
function endlessBuild(name: string): AppProject {
  return { ...site(name, "never"), from: "busybox:latest", instructions: [`RUN echo ${name} builds; sleep 600`] };
}

async function text(name: string): Promise<string> {
  return (await server().get(`${name}.test`)).text;
}

/** A push of which one reads what it prints while it goes on. */
class Push implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  output = "";

  constructor(dockerfile: string) {
    this.#child = new Deno.Command(MYPAAS, {
      args: ["push", "lab", dockerfile],
      env: { NO_COLOR: "1", ...server().laptop() },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#read = this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const part of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.output += part;
  }

  async shows(pattern: RegExp, timeoutMs = 20_000): Promise<void> {
    await waitUntil(() => pattern.test(this.output), { what: `the push shows ${pattern}`, timeoutMs }).catch(
      (error) => {
        throw new Error(`${error.message}: ${this.output}`, { cause: error });
      },
    );
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended by itself
    }
    await this.ended();
  }
}

async function begin(project: AppProject): Promise<Push> {
  return new Push(await server().project(project));
}

/** How long something takes, in milliseconds. */
async function timed<T>(work: Promise<T>): Promise<readonly [T, number]> {
  const began = performance.now();
  return [await work, performance.now() - began];
}

Deno.test("of two pushes of one service the second waits, says behind what, and both end with their own result", async () => {
  await using first = await begin(site("twice", "one", { BOOT: "2s" }));
  await first.shows(/await-ready twice\.1\.1/);
  const second = server().push(site("twice", "two"));
  assertEquals(await first.ended(), 0, first.output);
  const { stdout, stderr } = succeeded(await second);
  assertMatch(stderr, /waiting for twice\.1\n/);
  assertMatch(stdout, /twice is live: release 2/);
  assertEquals(await text("twice"), "two");
  const history = jsonLines(succeeded(await server().run(["history", "twice", "--json"])));
  assertEquals(history.map(({ release, status }) => `${release} ${status}`), ["2 live", "1 retired"]);
});

Deno.test("services are deployed side by side, one build at a time, and who is cancelled in the line leaves it at once", async () => {
  await using slow = await begin(site("slow", "slow", { BOOT: "1h" }));
  await slow.shows(/await-ready slow\.1\.1/);
  succeeded(await server().push(site("quick", "quick")));

  await using building = await begin(endlessBuild("heavy"));
  await building.shows(/heavy builds/);
  await using waiting = await begin(site("quick", "later"));
  await waiting.shows(/waiting for the build of heavy\.1/);
  const [cancelled, tookMs] = await timed(
    server().run(["cancel", "quick"]).then(async (ran) => [ran, await waiting.ended()] as const),
  );
  assertEquals([succeeded(cancelled[0]).stdout, cancelled[1]], ["quick.2 is cancelled\n", 1]);
  assertMatch(waiting.output, /Cannot finish the deploy "quick\.2": root@local cancelled it/);
  console.log(`cancelled in ${tookMs.toFixed(0)} ms while it waited for another's build`);
  assertLessOrEqual(tookMs, 3000);
  assertEquals(await text("quick"), "quick");
  for (const name of ["heavy", "slow"]) succeeded(await server().run(["cancel", name]));
  assertEquals(await Promise.all([building.ended(), slow.ended()]), [1, 1]);
});

Deno.test("init --builds 2 lets two build side by side", async () => {
  succeeded(await server().init("--builds", "2"));
  await server().untilDaemonAnswers();
  await using building = await begin(endlessBuild("big"));
  await building.shows(/big builds/);
  const { stderr }: Ran = succeeded(await server().push(site("small", "small")));
  assertEquals(stderr.includes("waiting for"), false, stderr);
  succeeded(await server().run(["cancel", "big"]));
  assertEquals(await building.ended(), 1);
});

Deno.test("a service that listens on 127.0.0.1 only is told so after 5 s, and a second Ctrl-C leaves the old release", async () => {
  succeeded(await server().push(site("calm", "old")));
  const load = server().load("calm.test", 50);
  await using push = await begin(site("calm", "new", { LISTEN: "127.0.0.1" }));
  await push.shows(
    /warning: calm\.2\.1 listens on 127\.0\.0\.1:80 only, and mypaas\.port is 80; it is waited for until 60 s/,
  );
  push.interrupt();
  await push.shows(/Ctrl-C once more cancels it/);
  push.interrupt();
  assertEquals(await push.ended(), 1);
  assertStringIncludes(push.output, 'Cannot finish the deploy "calm.2": you cancelled it');
  await waitUntil(async () => {
    const [last] = jsonLines(await server().run(["history", "calm", "--json"]));
    return last?.["status"] === "cancelled" && await text("calm") === "old";
  }, { what: "the old release serves", timeoutMs: 15_000 });
  const { sent, failures, bodies } = await load.stop();
  assertEquals([failures, bodies], [{}, { old: sent }]);
  assert(sent > 0);
});
