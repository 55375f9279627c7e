import { assertEquals } from "@std/assert";
import { parseArgs } from "node:util";
import { inspect, startContainer, stopContainer } from "../../tests/e2e/engine.ts";
import { jsonLines, type Ran, succeeded, TestServer } from "../../tests/e2e/lab.ts";
import { cpuPerMinute, cpuSeconds, residentSetSize, untilQuiet } from "../../tests/e2e/processes.ts";
import { markdownTable } from "../markdown_table.ts";
import { runFloor } from "./floor.ts";
import { median } from "./median.ts";

/** Of each figure the median of so many is taken. */
const RUNS = 5;
/** The services that are only there are deployed side by side. */
const AT_ONCE = 4;
const IDLE_SECONDS = 30;
const PAGE = "hello\n";
/** The service that is measured; the others are only there. */
const MEASURED = "measured";

/** What one service costs on a server that has so many. Times in seconds. */
interface Cost {
  readonly services: number;
  /** `mypaas ps`, from start to end of the command. */
  readonly ps: number;
  readonly deploy: {
    /** The first deploy of a service, from start to end of the command. */
    readonly command: number;
    /** `docker run` of its image until it answers. */
    readonly floor: number;
    readonly overhead: number;
    /** What it is, in turn with it, on a server that has no other service: the machine is as busy for both. */
    readonly overheadAlone: number;
    /** The step in it that writes all routes and waits until Traefik goes by them. */
    readonly route: number;
    /** CPU of the daemon and of Traefik meanwhile. */
    readonly daemonCpu: number;
    readonly traefikCpu: number;
  };
  /** From the start of the daemon's container until it answers `ps`. */
  readonly start: number;
  readonly daemonMegabytes: number;
  /** CPU seconds of the daemon while nothing happens. */
  readonly idleCpuPerMinute: number;
}

interface Servers {
  /** The one that is filled. */
  readonly server: TestServer;
  readonly alone: TestServer;
}

/** Writes a service of one static page, small and quick, and gives its Dockerfile. */
async function project(server: TestServer, name: string): Promise<string> {
  const folder = `${server.folder}/projects/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/index.html`, PAGE);
  const lines = [
    `# mypaas.servicename = ${name}`,
    `# mypaas.domain = ${name}.test`,
    "# mypaas.scale = 1",
    "FROM busybox:latest",
    "COPY index.html /www/index.html",
    "STOPSIGNAL SIGKILL",
    'CMD ["httpd", "-f", "-p", "80", "-h", "/www"]',
  ];
  await Deno.writeTextFile(`${folder}/Dockerfile`, `${lines.join("\n")}\n`);
  return `${folder}/Dockerfile`;
}

async function deploy(server: TestServer, name: string): Promise<Ran> {
  return succeeded(await server.run(["deploy", await project(server, name), "--json"]));
}

/** Deploys the others from one number to another, both included, and visits each. */
async function addOthers(server: TestServer, first: number, last: number): Promise<void> {
  let next = first;
  const work = async () => {
    while (next <= last) {
      const name = `other-${next++}`;
      await deploy(server, name);
      assertEquals(await server.get(`${name}.test`), { status: 200, text: PAGE });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await action();
  return (performance.now() - before) / 1000;
}

/** How long the last step of a kind took, as a deploy with `--json` told. */
function stepSeconds(ran: Ran, kind: string): number {
  const done = jsonLines(ran).findLast((event) =>
    event["kind"] === "step" && event["state"] === "done" && String(event["text"]).startsWith(kind)
  );
  return Number(done?.["seconds"]);
}

/** Deploys one more service, as its first release, again and again: on both servers in turn, and then the floor. */
async function measureDeploys({ server, alone }: Servers): Promise<Cost["deploy"]> {
  const runs: Cost["deploy"][] = [];
  const pids = [await server.daemonPid(), (await inspect(server.names.traefik)).State.Pid] as const;
  const cpu = () => Promise.all([cpuSeconds(pids[0]), cpuSeconds(pids[1])]);
  for (let run = 0; run < RUNS; run++) {
    for (const one of [alone, server]) if (run > 0) succeeded(await one.run(["remove", MEASURED]));
    const first = await seconds(() => deploy(alone, MEASURED));
    const before = await cpu();
    const began = performance.now();
    const ran = await deploy(server, MEASURED);
    const command = (performance.now() - began) / 1000;
    const after = await cpu();
    const floor = await runFloor(server, MEASURED);
    const [overhead, overheadAlone] = [command - floor, first - floor];
    const [daemonCpu, traefikCpu] = [after[0] - before[0], after[1] - before[1]];
    runs.push({ command, floor, overhead, overheadAlone, route: stepSeconds(ran, "route to"), daemonCpu, traefikCpu });
  }
  const of = (figure: keyof Cost["deploy"]) => median(runs.map((run) => run[figure]));
  return {
    command: of("command"),
    floor: of("floor"),
    overhead: of("overhead"),
    overheadAlone: of("overheadAlone"),
    route: of("route"),
    daemonCpu: of("daemonCpu"),
    traefikCpu: of("traefikCpu"),
  };
}

/** Measures a server that has one service less. */
async function measure({ server, alone }: Servers, services: number): Promise<Cost> {
  const deploy = await measureDeploys({ server, alone });
  const looks: number[] = [];
  for (let run = 0; run < RUNS; run++) looks.push(await seconds(async () => succeeded(await server.run(["ps"]))));
  const grown = await server.daemonPid();
  await untilQuiet([grown]);
  const daemonMegabytes = await residentSetSize(grown) / 1e6;
  const idleCpuPerMinute = await cpuPerMinute([grown], IDLE_SECONDS);
  const starts: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await stopContainer(server.names.daemon);
    starts.push(
      await seconds(async () => {
        await startContainer(server.names.daemon);
        await server.untilDaemonAnswers();
      }),
    );
  }
  return { services, ps: median(looks), deploy, start: median(starts), daemonMegabytes, idleCpuPerMinute };
}

function table(costs: readonly Cost[]): string {
  const rows: readonly (readonly [string, (cost: Cost) => number])[] = [
    ["mypaas ps, s", ({ ps }) => ps],
    ["deploy of one more, s", ({ deploy }) => deploy.command],
    ["docker run until it answers, s", ({ deploy }) => deploy.floor],
    ["its overhead, s", ({ deploy }) => deploy.overhead],
    ["overhead on a server without others, s", ({ deploy }) => deploy.overheadAlone],
    ["routes written and loaded, s", ({ deploy }) => deploy.route],
    ["daemon's CPU for it, s", ({ deploy }) => deploy.daemonCpu],
    ["Traefik's CPU for it, s", ({ deploy }) => deploy.traefikCpu],
    ["daemon starts, s", ({ start }) => start],
    ["daemon's memory (RSS), MB", ({ daemonMegabytes }) => daemonMegabytes],
    ["daemon's idle CPU, s per minute", ({ idleCpuPerMinute }) => idleCpuPerMinute],
  ];
  return markdownTable([
    ["services", ...costs.map(({ services }) => String(services))],
    ...rows.map(([name, figure]) => [name, ...costs.map((cost) => figure(cost).toFixed(2))]),
  ]);
}

const { values } = parseArgs({ options: { sizes: { type: "string", default: "1,50,200" } } });
const sizes = values.sizes.split(",").map(Number).toSorted((a, b) => a - b);
if (sizes.some((size) => !Number.isInteger(size) || size < 1)) {
  throw new Error(`Cannot measure "${values.sizes}": it takes numbers of services, such as 1,50,200`);
}
await using server = await TestServer.start();
await using alone = await TestServer.start();
// What is only slow once: the image's layers are made, the daemon's code is read.
for (const one of [server, alone]) await deploy(one, MEASURED);
const costs: Cost[] = [];
let others = 0;
for (const size of sizes) {
  for (const one of [server, alone]) succeeded(await one.run(["remove", MEASURED]));
  await addOthers(server, others + 1, size - 1);
  others = size - 1;
  costs.push(await measure({ server, alone }, size));
  console.log(JSON.stringify(costs.at(-1)));
}
console.error(`\n${table(costs)}`);
