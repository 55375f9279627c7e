import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { BuildLine } from "../../src/deploy/runtime.ts";
import { BuildError, MyPaasError, UsageError } from "../../src/error.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { docker, EngineBench, tarOf } from "./bench.ts";

/** Text that no build cache knows. */
const fresh = () => crypto.randomUUID();

Deno.test("EngineBuilder tells each step and what it writes while it runs", async () => {
  await using bench = new EngineBench();
  const seen: (BuildLine & { readonly at: number })[] = [];
  const id = fresh();
  const dockerfile = `FROM busybox\nRUN echo one ${id}; sleep 1; printf 'bar 1%%\\rbar 100%%\\n' >&2\nRUN true`;
  const built = await bench.build("web", dockerfile, { onLine: (line) => seen.push({ ...line, at: Date.now() }) });

  const run = `[2/3] RUN echo one ${id}; sleep 1; printf 'bar 1%%\\rbar 100%%\\n' >&2`;
  const lines = seen.filter(({ step }) => step === run);
  assertEquals(lines.map(({ text }) => text), ["", `one ${id}`, "bar 100%"]);
  const [, one, bar] = lines;
  assert(one && bar && bar.at - one.at > 700, "the first line came while the instruction still ran");
  assert(seen.some(({ step, text }) => step === "[3/3] RUN true" && text === ""));
  assertEquals(seen.filter(({ step }) => step.startsWith("[internal]")), []);

  assertEquals(built.image, bench.names.image("web", 1));
  assertMatch(built.imageId, /^sha256:[0-9a-f]{64}$/);

  const again: BuildLine[] = [];
  await bench.build("web", dockerfile, { onLine: (line) => again.push(line) });
  assert(again.some(({ step, text }) => step === run && text === "cached"));

  await bench.builder.removeImage("web", 1);
  await bench.builder.removeImage("web", 1);
  assertEquals(await bench.machine.hasImage(built.image), false);
});

Deno.test("EngineBuilder.reuse() gives a release an earlier image, which then outlives the earlier release", async () => {
  await using bench = new EngineBench();
  const built = await bench.build("web", `FROM busybox\nENV ID=${fresh()}\n`);
  const reused = await bench.builder.reuse("web", { of: 1, release: 4 });
  assertEquals(reused, { image: bench.names.image("web", 4), imageId: built.imageId });
  await bench.builder.removeImage("web", 1);
  assertEquals([await bench.builder.hasImage("web", 1), await bench.builder.hasImage("web", 4)], [false, true]);
  const error = await assertRejects(() => bench.builder.reuse("web", { of: 1, release: 5 }), MyPaasError);
  assertEquals(error.message, 'Cannot use the image of release 1 of "web": it is gone');
});

Deno.test("EngineBuilder.removeImage() leaves an image that a container uses, which is no error", async () => {
  await using bench = new EngineBench();
  const { image } = await bench.build("web", `FROM busybox\nENV ID=${fresh()}\n`);
  const container = (await docker("create", image)).trim();
  await bench.builder.removeImage("web", 1);
  assertEquals(await bench.machine.hasImage(image), true);
  await docker("rm", container);
  await bench.builder.removeImage("web", 1);
  assertEquals(await bench.machine.hasImage(image), false);
});

for (const kind of ["buildkit", "classic"] as const) {
  Deno.test(`EngineBuilder keeps a ${kind} build off another service's image by a base image's ONBUILD, and by an id`, async () => {
    await using bench = new EngineBench();
    const bank = await bench.build("bank", `FROM busybox\nRUN echo ${fresh()} > /secret\n`);
    const evil = `${bench.names.image("bank", 1).split("/")[0]}-evil:1`;
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        `FROM busybox\nONBUILD COPY --from=${bank.image} /secret /loot\n`,
      );
      await docker("build", "--quiet", "--tag", evil, folder);
      const id = bank.imageId.slice("sha256:".length, "sha256:".length + 12);
      const builder = new EngineBuilder({ ...bench, kind });
      const build = async (base: string) => {
        const context = await tarOf({ Dockerfile: `FROM ${base}\n` });
        const request = {
          service: "blog",
          release: 1,
          dockerfile: "Dockerfile",
          baseImages: [base],
          buildArgs: [],
          context,
        };
        await builder.build(request, () => {}, new AbortController().signal);
      };
      await assertRejects(
        () => build(evil),
        UsageError,
        `Cannot use the image "${bank.image}": it belongs to a service`,
      );
      await assertRejects(() => build(id), UsageError, `Cannot use the image "${id}": that is the id of one`);
    } finally {
      await docker("rmi", "--force", evil).catch(() => {});
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("EngineBuilder names the instruction that failed, its exit code and the end of its output", async () => {
  await using bench = new EngineBench();
  const error = await assertRejects(
    () => bench.build("blog", "FROM busybox\nRUN seq 1 30; echo broken >&2; exit 3\n"),
    BuildError,
  );
  assertEquals(error.message, 'Cannot build "blog": [2/2] RUN seq 1 30; echo broken >&2; exit 3: exit code 3');
  assertEquals(error.details.length, 20);
  assert(error.details.includes("broken") && error.details.includes("30"), "the ends of stdout and stderr");
  assertEquals(error.kind, "build");
});

Deno.test("EngineBuilder tells in one sentence what BuildKit cannot read or find", async () => {
  await using bench = new EngineBench();
  const sentence = async (dockerfile: string) =>
    (await assertRejects(() => bench.build("blog", dockerfile), BuildError)).message;
  assertStringIncludes(await sentence("FROM busybox\nRUNX true\n"), 'Cannot build "blog": dockerfile parse error');
  assertMatch(
    await sentence("FROM busybox\nCOPY missing /\n"),
    /^Cannot build "blog": \[2\/2\] COPY missing \/: .*missing/,
  );
});

Deno.test("EngineBuilder says that a base image cannot be pulled, and cancels the upload", async () => {
  await using bench = new EngineBench();
  let cancelled = false;
  const context = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  const baseImages = ["busybox", "registry.invalid/base:1"];
  const error = await assertRejects(
    () =>
      bench.builder.build(
        { service: "blog", release: 1, dockerfile: "Dockerfile", baseImages, buildArgs: [], context },
        () => {},
        new AbortController().signal,
      ),
    BuildError,
    'Cannot build "blog": its base image "registry.invalid/base:1" cannot be pulled: ',
  );
  assertStringIncludes(error.hint ?? "", "registry");
  assert(cancelled);
});

Deno.test("EngineBuilder passes on why its context ended, and makes no image of half of it", async () => {
  await using bench = new EngineBench();
  const broken = new Error("the blob does not match its hash");
  const context = ReadableStream.from((async function* () {
    for await (const tar of await tarOf({ Dockerfile: "FROM busybox\n" })) yield tar.subarray(0, -1024);
    throw broken;
  })());
  const error = await assertRejects(
    () =>
      bench.builder.build(
        { service: "blog", release: 1, dockerfile: "Dockerfile", baseImages: [], buildArgs: [], context },
        () => {},
        new AbortController().signal,
      ),
    Error,
  );
  assert(error === broken);
  assertEquals(await bench.machine.hasImage(bench.names.image("blog", 1)), false);
});

Deno.test("EngineBuilder ends a build when it is aborted", async () => {
  await using bench = new EngineBench();
  const stop = new AbortController();
  const id = fresh();
  const build = bench.build("blog", `FROM busybox\nRUN echo ${id}; sleep 60`, {
    signal: stop.signal,
    onLine: ({ text }) => {
      if (text === id) stop.abort(new Error("cancelled"));
    },
  });
  await assertRejects(() => within(build, { what: "the build ends", timeoutMs: 10_000 }), Error, "cancelled");
  await waitUntil(async () => !(await docker("ps", "--no-trunc", "-a")).includes(id) && !await runs(id), {
    what: "its process is gone",
    timeoutMs: 5000,
  });
});

Deno.test("EngineBuilder refuses labels that could become routes, also of a base image", async () => {
  await using bench = new EngineBench();
  await assertRejects(
    () => bench.build("blog", 'FROM busybox\nLABEL traefik.http.routers.x.rule="HostRegexp(`.*`)"'),
    BuildError,
    'Cannot build "blog": its Dockerfile or a base image sets the label "traefik.http.routers.x.rule"',
  );
  assertEquals(await bench.machine.hasImage(bench.names.image("blog", 1)), false);
  const built = await bench.build("blog", "FROM busybox\nLABEL mypaas.service=other mypaas.instance=other");
  const label = '{{index .Config.Labels "mypaas.service"}} {{index .Config.Labels "mypaas.instance"}}';
  assertEquals(await docker("inspect", "--format", label, built.image), `blog ${bench.instance}`);
});

Deno.test("EngineBuilder keeps the cache mounts of services apart", async () => {
  await using bench = new EngineBench();
  const dockerfile = `FROM busybox\nRUN --mount=type=cache,target=/c echo ${fresh()}; ls /c; touch /c/from-a`;
  const output = async (service: string) => {
    const lines: string[] = [];
    await bench.build(service, `${dockerfile} # ${fresh()}`, { onLine: ({ text }) => lines.push(text) });
    return lines.includes("from-a");
  };
  const [a, b] = [`a-${fresh().slice(0, 8)}`, `b-${fresh().slice(0, 8)}`];
  assertEquals([await output(a), await output(a), await output(b)], [false, true, false]);
});

/** Whether a process of the machine has the text in its command line. */
async function runs(text: string): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
  return new TextDecoder().decode(stdout).includes(text);
}
