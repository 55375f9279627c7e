import { parseArgs } from "node:util";
import { jsonLines, type Ran, succeeded, TestServer } from "../../tests/e2e/lab.ts";
import type { AppProject } from "../../tests/e2e/project.ts";
import { runFloor } from "./floor.ts";
import { median } from "./median.ts";
import { untilOldIsGone } from "./running.ts";

/** One command, run on one kind of service. */
interface Case {
  readonly command: "push" | "deploy" | "rollback";
  readonly scale: number;
}

const CASES: readonly Case[] = (["push", "deploy", "rollback"] as const)
  .flatMap((command) => [0, 2].map((scale) => ({ command, scale })));

/** An app that answers at once. Each release has a Dockerfile of its own; the layers of its build are cached. */
function project({ command, scale }: Case, text: string): AppProject {
  const name = `${command}-${scale}`;
  return { name, options: { domain: `${name}.test`, scale }, app: { TEXT: text } };
}

async function run(server: TestServer, one: Case, text: string): Promise<Ran> {
  if (one.command === "rollback") return await server.run(["rollback", project(one, text).name, "--json"]);
  return one.command === "push"
    ? await server.push(project(one, text), "--json")
    : await server.deploy(project(one, text), "--json");
}

/** Runs a command and its floor in turns, and says how long each took and where the time of the command went. */
async function bench(server: TestServer, one: Case, runs: number) {
  for (const text of ["a", "b"]) succeeded(await server.deploy(project(one, text)));
  const took: number[] = [];
  const floors: number[] = [];
  const parts = new Map<string, number[]>();
  for (let n = 0; n < runs; n++) {
    await untilOldIsGone(server, project(one, "").name);
    floors.push(await runFloor(server, project(one, "").name));
    await server.project(project(one, String(n)));
    const before = Date.now();
    const ran = succeeded(await run(server, one, String(n)));
    const after = Date.now();
    took.push((after - before) / 1000);
    for (const [part, seconds] of partsOf(ran, before, after)) parts.set(part, [...parts.get(part) ?? [], seconds]);
  }
  const [command, floor] = [median(took), median(floors)];
  return {
    ...one,
    runs,
    seconds: { command, floor, overhead: command - floor },
    parts: Object.fromEntries([...parts].map(([part, seconds]) => [part, median(seconds)])),
  };
}

/** The seconds of a command by what its events end: each takes from the one before it. */
function partsOf(ran: Ran, before: number, after: number): ReadonlyMap<string, number> {
  const parts = new Map<string, number>();
  let last = before;
  const add = (part: string, at: number) => {
    parts.set(part, (parts.get(part) ?? 0) + (at - last) / 1000);
    last = at;
  };
  for (const { kind, time, text, state } of jsonLines(ran)) {
    if (typeof time !== "string" || kind === "log" || (kind === "step" && state !== "done")) continue;
    add(kind === "step" ? String(text).split(" ")[0] ?? "" : String(kind), Date.parse(time));
  }
  add("end", after);
  return parts;
}

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" }, command: { type: "string" } } });
const cases = CASES.filter(({ command }) => values.command === undefined || command === values.command);
if (cases.length === 0) throw new Error(`Cannot measure "${values.command}": it takes push, deploy or rollback`);
await using server = await TestServer.start();
for (const one of cases) console.log(JSON.stringify(await bench(server, one, Number(values.runs)), null, 2));
