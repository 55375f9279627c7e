import { assertEquals } from "@std/assert";
import { withCommandsTable } from "../../scripts/readme_commands.ts";
import { withEventsTable } from "../../scripts/readme_events.ts";
import { withOptionsTable } from "../../scripts/readme_options.ts";
import { planDeploy } from "../../src/deploy/plan.ts";
import { describeStep } from "../../src/deploy/step.ts";
import { SPEC } from "../deploy/bench_server.ts";

const ROOT = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", ROOT));

/** All text of the product, its strings unescaped as far as sentences need. */
async function sources(folder: URL): Promise<string> {
  const texts = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) texts.push(await sources(new URL(`${name}/`, folder)));
    else texts.push(await Deno.readTextFile(new URL(name, folder)));
  }
  return texts.join("\n");
}

Deno.test("README's table of options is the one of src/service/options.ts (else run scripts/readme_options.ts)", () => {
  assertEquals(readme, withOptionsTable(readme));
});

Deno.test("README's table of commands is the one of the command line (else run scripts/readme_commands.ts)", () => {
  assertEquals(readme, withCommandsTable(readme));
});

Deno.test("README's table of events is the one of src/client/printed_events.ts (else run scripts/readme_events.ts)", () => {
  assertEquals(readme, withEventsTable(readme));
});

Deno.test("the steps of a deploy in README are those of the planner", () => {
  const release = (number: number) => ({ service: "blog", number, spec: { ...SPEC, scale: 2 }, places: [] });
  const steps = planDeploy(release(8), release(7)).map(describeStep);
  assertEquals(readme.includes(steps.map((step) => `   ${step}\n`).join("")), true, steps.join("\n"));
});

Deno.test("every sentence that README explains is one that the program says", async () => {
  const section = readme.split("## When something goes wrong")[1]?.split("\n## ")[0] ?? "";
  const sentences = section.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
    line.split("`")[1] ?? ""
  );
  const said = await sources(new URL("src/", ROOT));
  const unsaid = sentences.filter((sentence) =>
    !sentence.split(/\.\.\.|`, `|`/).every((part) => said.includes(part.trim()))
  );
  assertEquals([sentences.length > 5, unsaid], [true, []]);
});
