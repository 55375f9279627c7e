import { assert, assertEquals } from "@std/assert";
import { tempFolder } from "../host/temp_folder.ts";
import { contextCase } from "./context_case.ts";
import { DockerCommand, ourVerdict, plantCase } from "./docker_command.ts";

/** scripts/bench/context compares more of them. */
const CASES = Number(Deno.env.get("CASES") ?? 60);

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
