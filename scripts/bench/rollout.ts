import { parseArgs } from "node:util";
import { jsonLines, succeeded, TestServer } from "../../tests/e2e/lab.ts";
import type { LoadResult } from "../../tests/e2e/load.ts";
import type { AppProject } from "../../tests/e2e/project.ts";
import { runFloor } from "./floor.ts";
import { median } from "./median.ts";
import { plotLatency } from "./plot.ts";
import { runYardstick } from "./yardstick.ts";

/** What one kind of deploy is measured with. */
interface Kind {
  readonly name: "start-first" | "stop-first";
  readonly scale: number;
  /** How long the app boots. */
  readonly boot: string;
  readonly rate: number;
  readonly redeploys: number;
  /** Requests that the load has at least. */
  readonly requests: number;
  /** Waits of a fixed length on the way of a release to its visitors, in milliseconds. */
  readonly fixedWaits: Readonly<Record<string, number>>;
}

/** How long nobody must be connected to a replica until it counts as drained (src/deploy/drain.ts). */
const DRAIN_QUIET_MS = 80;

const KINDS: readonly Kind[] = [
  { name: "start-first", scale: 2, boot: "0s", rate: 300, redeploys: 20, requests: 50_000, fixedWaits: {} },
  {
    name: "stop-first",
    scale: 0,
    boot: "1s",
    rate: 150,
    redeploys: 10,
    requests: 10_000,
    fixedWaits: { drain: DRAIN_QUIET_MS },
  },
];
/** The floor is the median of so many. */
const FLOOR_RUNS = 5;

/** An app that takes 20 ms per request and exits at once on SIGTERM. */
function project({ name, scale, boot }: Kind, text: string): AppProject {
  return { name, options: { domain: `${name}.test`, scale }, app: { TEXT: text, BOOT: boot, DELAY: "20ms" } };
}

/** Redeploys one kind under load and says what visitors saw and how long it took. */
async function bench(server: TestServer, kind: Kind, { svg, peer }: { readonly svg?: string; readonly peer: boolean }) {
  const { name, rate, redeploys, fixedWaits } = kind;
  succeeded(await server.push(project(kind, "0")));
  const seconds = Math.ceil(kind.requests / rate) + 5;
  const load = server.load(`${name}.test`, rate, seconds);
  const took: number[] = [];
  const live: number[] = [];
  const cutovers: number[] = [];
  for (let n = 1; n <= redeploys; n++) {
    const before = Date.now();
    const ran = succeeded(await server.push(project(kind, String(n)), "--json"));
    took.push((Date.now() - before) / 1000);
    const end = jsonLines(ran).find((event) => event["kind"] === "live");
    live.push(Number(end?.["seconds"]));
    cutovers.push(Date.parse(String(end?.["time"])));
  }
  const result = await load.finished();
  if (svg !== undefined) {
    const title = `${name}: ${redeploys} redeploys at ${rate} requests/s`;
    await Deno.writeTextFile(svg, plotLatency(result.requests, { title, cutovers }));
  }
  const floors: number[] = [];
  for (let run = 0; run < FLOOR_RUNS; run++) floors.push(await runFloor(server, name));
  const [command, floor] = [median(took), median(floors)];
  return {
    kind: name,
    redeploys,
    requestsPerSecond: rate,
    ...seenBy(result),
    /** Command to live: median, and what it is above the floor. */
    seconds: { command, deploy: median(live), floor, overhead: command - floor },
    fixedWaitsMilliseconds: fixedWaits,
    ...peer && {
      yardstick: seenBy(await runYardstick(server, { service: name, order: name, redeploys, rate, seconds })),
    },
  };
}

/** What visitors saw of a load. */
function seenBy({ sent, failed, failures, p50, p99, max, longestGap }: LoadResult) {
  return { sent, failed, failures, milliseconds: { p50, p99, max, longestGap } };
}

const { values } = parseArgs({
  options: {
    kind: { type: "string" },
    short: { type: "boolean", default: false },
    peer: { type: "boolean", default: false },
    svg: { type: "string" },
  },
});
const kinds = KINDS.filter(({ name }) => values.kind === undefined || name === values.kind).map((kind) =>
  values.short ? { ...kind, redeploys: 3, requests: 3000 } : kind
);
if (kinds.length === 0) throw new Error(`Cannot measure "${values.kind}": it takes start-first or stop-first`);
await using server = await TestServer.start();
for (const kind of kinds) {
  const svg = values.svg === undefined ? {} : { svg: `${values.svg}/rollout-${kind.name}.svg` };
  console.log(JSON.stringify(await bench(server, kind, { ...svg, peer: values.peer }), null, 2));
}
