import { assert, assertEquals } from "@std/assert";
import { contextTar } from "../../src/archive/context_tar.ts";
import { listContext, readIgnore } from "../../src/archive/context_list.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { diskTree } from "../../src/host/tree.ts";
import type { BuilderKind } from "../../src/service/builder_syntax.ts";
import { scanTree } from "../archive/scan_tree.ts";
import { tempFolder } from "../host/temp_folder.ts";
import { docker, EngineBench } from "./bench.ts";
import { type ContextCase, contextCase } from "./context_case.ts";
import { buildWithDocker, DockerCommand, imageLines, ourVerdict, plantCase } from "./docker_command.ts";

/** scripts/bench/context compares more of them. */
const CASES = Number(Deno.env.get("CASES") ?? 40);

Deno.test("a push sends what COPY . / copies with Docker's own command, in random folders with random ignore files", async () => {
  await using docker = await DockerCommand.start();
  let ignoring = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    await using folder = await tempFolder();
    const case_ = contextCase(seed);
    await plantCase(folder.path, case_);
    const truth = await docker.verdict(folder.path, case_, seed % 2 === 0);
    assertEquals(
      await ourVerdict(folder.path),
      truth,
      `case ${seed}, .dockerignore ${JSON.stringify(new TextDecoder().decode(case_.ignore))}`,
    );
    if (truth === undefined || truth.length < Object.keys(case_.tree).length) ignoring++;
  }
  assert(ignoring > CASES / 2);
});

/** What is in the image when our side sends a folder and one of the builders runs `COPY . /`. */
async function builtByUs(bench: EngineBench, folder: string, kind: BuilderKind): Promise<readonly string[]> {
  const tree = diskTree(folder);
  const { manifest, places } = await scanTree(tree, {
    ignore: await readIgnore(tree, "Dockerfile"),
    dockerfile: "Dockerfile",
  });
  const context = contextTar(manifest, ({ digest }) => {
    const place = places.get(digest);
    assert(place);
    return tree.readRange(place.path, place.offset, place.size);
  }, kind);
  const request = { service: "context", release: 1, dockerfile: "Dockerfile", baseImages: [], buildArgs: [], context };
  const { image } = await new EngineBuilder({ ...bench, kind }).build(request, () => {}, new AbortController().signal);
  return await imageLines(image);
}

async function isDockerfileIgnored(folder: string): Promise<boolean> {
  const tree = diskTree(folder);
  const entries = await listContext(tree, { ignore: await readIgnore(tree, "Dockerfile"), dockerfile: "Dockerfile" });
  return entries.some(({ buildOnly }) => buildOnly === true);
}

Deno.test("both builders make of what a push sends the image that Docker's own command makes", async () => {
  const cases: readonly ContextCase[] = ["a\n.docker*\nDockerfile", "Dockerfile", "a*\n!a/b/keep\n.dockerignore"].map((
    ignore,
    i,
  ) => ({
    seed: i,
    tree: {
      "Dockerfile": "FROM scratch\nCOPY . /\n",
      "a/b/keep": "1",
      "a/c": "2",
      "dangling": { link: "none/x" },
      "empty folder": {},
      "n\nl": "4",
      "to folder": { link: "empty folder" },
      [`${"long".repeat(60)}`]: "3",
    },
    modes: { "Dockerfile": 0o640, "a/b/keep": 0o751, "a/b": 0o700, "empty folder": 0o1777, "n\nl": 0o400 },
    ignore: new TextEncoder().encode(ignore),
  }));
  await using bench = new EngineBench();
  for (const made of cases) {
    await using folder = await tempFolder();
    await plantCase(folder.path, made);
    const image = bench.names.image("context", 2);
    await buildWithDocker(folder.path, image);
    const truth = await imageLines(image).finally(() => docker("rmi", image));
    assertEquals(await builtByUs(bench, folder.path, "classic"), truth);
    // BuildKit has no way to build from a file of a tar and not to have it: it is the one difference.
    const ignored = await isDockerfileIgnored(folder.path);
    const built = await builtByUs(bench, folder.path, "buildkit");
    assertEquals(built.filter((line) => !ignored || !line.startsWith('"Dockerfile" ')), truth);
    assertEquals(built.length, truth.length + (ignored ? 1 : 0));
  }
});
