import { parseArgs } from "node:util";
import { TestServer } from "../../tests/e2e/lab.ts";
import { median } from "./median.ts";
import { dockerFloor, emptyProgramFloor, tarFloor } from "./push_floors.ts";
import { type PushFigures, PushLaptop } from "./push_laptop.ts";
import { type PushRow, pushTables } from "./push_table.ts";
import { changeByte, writeBigFile, writeTree } from "./seeded_tree.ts";

/** A project to push. */
interface Case {
  readonly name: "small" | "large" | "big";
  readonly files: number;
  readonly bytes: number;
  /** What is repeated is the middle of so many. */
  readonly runs: number;
}

const CASES: readonly Case[] = [
  { name: "small", files: 2000, bytes: 100e6, runs: 5 },
  { name: "large", files: 20_000, bytes: 1e9, runs: 3 },
  { name: "big", files: 1, bytes: 2e9, runs: 3 },
];
const SEED = 6;

/** A build that takes next to nothing, whatever is sent for it, and an app that ends when it is told to. */
function dockerfile(name: string): string {
  return [
    `# mypaas.servicename = ${name}`,
    "# mypaas.stop-grace = 1s",
    "FROM busybox",
    "COPY Dockerfile /",
    'CMD ["sleep", "86400"]',
    "",
  ].join("\n");
}

/** Pushes a project for the first time, unchanged, and with a change; then the same by other means. */
async function* bench(laptop: PushLaptop, one: Case, folder: string): AsyncGenerator<PushRow> {
  const { name, files, bytes, runs } = one;
  const project = `${folder}/${name}`;
  await Deno.mkdir(project);
  await Deno.writeTextFile(`${project}/Dockerfile`, dockerfile(name));
  let small = `${project}/big`;
  if (files === 1) await writeBigFile(small, { bytes, seed: SEED });
  else small = await writeTree(project, { files, bytes, seed: SEED });
  const row = (what: PushRow["what"], figures: readonly PushFigures[]): PushRow => ({
    name,
    files,
    bytes,
    what,
    ...middle(figures),
  });

  yield row("first push", [await laptop.push(project)]);
  const unchanged: PushFigures[] = [];
  for (let run = 0; run < runs; run++) unchanged.push(await laptop.push(project));
  yield row("no change", unchanged);
  const changed: PushFigures[] = [];
  for (let run = 0; run < runs; run++) {
    if (files === 1) await changeByte(small, Math.floor(bytes * (run + 1) / (runs + 1)));
    else await Deno.writeTextFile(small, `${run} ${crypto.randomUUID()}\n`);
    changed.push(await laptop.push(project));
  }
  yield row(files === 1 ? "one byte" : "one small file", changed);

  const tar = await tarFloor(project);
  const docker = await dockerFloor(project);
  const floor = { name, files, bytes };
  yield { ...floor, what: "tar | gzip -1", seconds: { push: tar.seconds }, wire: { up: tar.wireBytes } };
  yield { ...floor, what: "docker build", seconds: { push: docker.seconds } };
  await Deno.remove(project, { recursive: true });
}

/** The middle of the times and of the bytes, the largest of the peaks. */
function middle(figures: readonly PushFigures[]): Pick<PushRow, "seconds" | "wire" | "toldBytes" | "cpu" | "peak"> {
  const of = (pick: (one: PushFigures) => number) => median(figures.map(pick));
  const most = (pick: (one: PushFigures) => number) => Math.max(...figures.map(pick));
  return {
    seconds: { push: of(({ seconds }) => seconds.push), deploy: of(({ seconds }) => seconds.deploy) },
    wire: { up: of(({ wire }) => wire.up), down: of(({ wire }) => wire.down) },
    toldBytes: of(({ toldBytes }) => toldBytes),
    cpu: {
      client: of(({ cpu }) => cpu.client),
      traefik: of(({ cpu }) => cpu.traefik),
      receiver: of(({ cpu }) => cpu.receiver),
      daemon: of(({ cpu }) => cpu.daemon),
    },
    peak: {
      client: most(({ peak }) => peak.client),
      receiver: most(({ peak }) => peak.receiver),
      daemon: most(({ peak }) => peak.daemon),
    },
  };
}

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: CASES.map(({ name }) => name).join(",") },
    short: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
  },
});
const wanted = new Set(values.cases.split(","));
const cases = CASES.filter(({ name }) => wanted.delete(name)).map((one) =>
  values.short ? { ...one, files: Math.ceil(one.files / 10), bytes: one.bytes / 10 } : one
);
if (wanted.size > 0) throw new Error(`Cannot measure "${[...wanted].join(",")}": it takes small, large and big`);

const folder = await Deno.makeTempDir({ prefix: "mypaas-bench-" });
try {
  const emptyProgramSeconds = await emptyProgramFloor(folder);
  if (!values.markdown) console.log(JSON.stringify({ emptyProgramSeconds }));
  await using server = await TestServer.start();
  await using laptop = await PushLaptop.make(server);
  const rows: PushRow[] = [];
  for (const one of cases) {
    for await (const row of bench(laptop, one, folder)) {
      rows.push(row);
      if (values.markdown) console.error(`${row.name}, ${row.what}: done`);
      else console.log(JSON.stringify(row));
    }
  }
  if (values.markdown) console.log(pushTables(rows, emptyProgramSeconds));
} finally {
  await Deno.remove(folder, { recursive: true });
}
