import { parseArgs } from "node:util";
import { contextCase } from "../../tests/engine/context_case.ts";
import { DockerCommand, ourVerdict, plantCase } from "../../tests/engine/docker_command.ts";
import { tempFolder } from "../../tests/host/temp_folder.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "2000" }, first: { type: "string", default: "1" } },
});
const first = Number(values.first);
const last = first + Number(values.cases) - 1;

const tally = { cases: 0, entries: 0, refused: 0, different: 0 };
await using docker = await DockerCommand.start();
for (let seed = first; seed <= last; seed++) {
  await using folder = await tempFolder();
  const made = contextCase(seed);
  await plantCase(folder.path, made);
  const truth = await docker.verdict(folder.path, made, seed % 2 === 0);
  const ours = await ourVerdict(folder.path);
  tally.cases++;
  tally.entries += truth?.length ?? 0;
  if (truth === undefined) tally.refused++;
  if (JSON.stringify(ours) === JSON.stringify(truth)) continue;
  tally.different++;
  const missing = truth?.filter((line) => ours?.includes(line) !== true);
  const surplus = ours?.filter((line) => truth?.includes(line) !== true);
  const refuses = { docker: truth === undefined, mypaas: ours === undefined };
  console.log(JSON.stringify({ seed, ignore: new TextDecoder().decode(made.ignore), refuses, missing, surplus }));
}
console.log(JSON.stringify(tally));
Deno.exitCode = tally.different > 0 ? 1 : 0;
