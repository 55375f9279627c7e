import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { BuildLine, BuiltImage } from "../../src/deploy/runtime.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { BuildError } from "../../src/error.ts";
import type { EnvVariable } from "../../src/service/spec.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { docker, EngineBench, tarOf } from "./bench.ts";

/** Text that no build cache knows. */
const fresh = () => crypto.randomUUID();

interface BuildOptions {
  readonly onLine?: (line: BuildLine) => void;
  readonly signal?: AbortSignal;
  readonly buildArgs?: readonly EnvVariable[];
}

async function build(bench: EngineBench, dockerfile: string, options: BuildOptions = {}): Promise<BuiltImage> {
  const { onLine = () => {}, signal = new AbortController().signal, buildArgs = [] } = options;
  const builder = new EngineBuilder({ ...bench, kind: "classic" });
  const context = await tarOf({ Dockerfile: dockerfile });
  return await builder.build(
    { service: "blog", release: 1, dockerfile: "Dockerfile", baseImages: ["busybox"], buildArgs, context },
    onLine,
    signal,
  );
}

Deno.test("the classic builder makes the same image as BuildKit: name, labels and build arguments", async () => {
  await using bench = new EngineBench();
  const seen: (BuildLine & { readonly at: number })[] = [];
  const id = fresh();
  const built = await build(
    bench,
    `FROM busybox\nARG V\nENV V=$V\nRUN echo one ${id}; sleep 1; printf 'bar 1\\rbar 2\\n' >&2`,
    { onLine: (line) => seen.push({ ...line, at: Date.now() }), buildArgs: [{ name: "V", value: "a b" }] },
  );
  assertEquals(built.image, bench.names.image("blog", 1));
  assertMatch(built.imageId, /^sha256:[0-9a-f]{64}$/);
  const format = '{{index .Config.Labels "mypaas.service"}} {{index .Config.Labels "mypaas.instance"}} {{.Config.Env}}';
  assertMatch(
    await docker("inspect", "--format", format, built.image),
    new RegExp(`^blog ${bench.instance} .*V=a b\\]$`),
  );

  const run = seen.filter(({ step }) => step.startsWith("[4/4] RUN echo"));
  assertEquals(run.map(({ text }) => text), ["", `one ${id}`, "bar 2"]);
  const [, one, bar] = run;
  assert(one && bar && bar.at - one.at > 700, "the first line came while the instruction still ran");
  assertEquals(seen.filter(({ step }) => step.includes("LABEL") || step === ""), []);
});

Deno.test("the classic builder's failure names the instruction, its exit code and its output, and leaves no container", async () => {
  await using bench = new EngineBench();
  const id = fresh();
  const error = await assertRejects(
    () => build(bench, `FROM busybox\nRUN echo ${id}; echo broken >&2; exit 3\n`),
    BuildError,
    `Cannot build "blog": [2/2] RUN echo ${id}; echo broken >&2; exit 3: exit code 3`,
  );
  assertEquals([...error.details].sort(), [id, "broken"].sort());
  assert(!(await docker("ps", "--all", "--no-trunc")).includes(id));
  await assertRejects(
    () => build(bench, "FROM busybox\nCOPY missing /\n"),
    BuildError,
    'Cannot build "blog": [2/2] COPY missing /: COPY failed: ',
  );
  await assertRejects(() => build(bench, "FROM busybox\nRUNX\n"), BuildError, 'Cannot build "blog": dockerfile parse');
});

Deno.test("the classic builder ends when its build is aborted", async () => {
  await using bench = new EngineBench();
  const stop = new AbortController();
  const id = fresh();
  const building = build(bench, `FROM busybox\nRUN echo ${id}; sleep 60`, {
    signal: stop.signal,
    onLine: ({ text }) => {
      if (text === id) stop.abort(new Error("cancelled"));
    },
  });
  await assertRejects(() => within(building, { what: "the build ends", timeoutMs: 10_000 }), Error, "cancelled");
  await waitUntil(async () => !(await docker("ps", "--no-trunc", "--all")).includes(id), {
    what: "its container is gone",
    timeoutMs: 10_000,
  });
});
