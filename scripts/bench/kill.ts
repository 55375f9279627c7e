import { parseArgs } from "node:util";
import { containersOf, killContainer } from "../../tests/e2e/engine.ts";
import { succeeded, TestServer } from "../../tests/e2e/lab.ts";
import type { Load } from "../../tests/e2e/load.ts";
import { routed } from "../../tests/e2e/routed.ts";
import { waitUntil } from "../../src/wait.ts";
import { median } from "./median.ts";

/** How often something is done, and how long one load lasts. */
interface Extent {
  readonly times: number;
  readonly seconds: number;
}

/** A killed replica is to be back within this time. */
const BACK_TIMEOUT_MS = 30_000;

/** Kills one of three replicas under load, again and again. */
async function oneOfThree(server: TestServer, { times, seconds }: Extent) {
  const service = "trio";
  const rate = 120;
  await push(server, service, { scale: 3, app: { DELAY: "20ms" } });
  const kills = [];
  for (let n = 0; n < times; n++) {
    const load = server.load(`${service}.test`, rate, seconds);
    await killFirst(server, { load, service });
    const { sent, failed, failures, p50, p99, max } = await load.finished();
    kills.push({ sent, failed, failures, milliseconds: { p50, p99, max } });
    await waitUntil(async () => await routed(server, service) === 3, {
      what: "the killed replica is back",
      timeoutMs: BACK_TIMEOUT_MS,
    });
  }
  return { requestsPerSecond: rate, kills };
}

/** Kills the only replica under load, again and again: who comes then waits until it has booted. */
async function onlyOne(server: TestServer, { times, seconds }: Extent) {
  const service = "solo";
  const rate = 50;
  const bootSeconds = 1;
  await push(server, service, { scale: 1, app: { DELAY: "20ms", BOOT: `${bootSeconds}s` } });
  const kills = [];
  for (let n = 0; n < times; n++) {
    const load = server.load(`${service}.test`, rate, seconds);
    await killFirst(server, { load, service });
    const { sent, failed, failures, max } = await load.finished();
    kills.push({ sent, failed, failures, longestWaitSeconds: max / 1000 });
  }
  return { requestsPerSecond: rate, bootSeconds, kills };
}

/**
 * Asks one service and, in turns, a neighbour of it that is well and one that crashes again and again: what the second costs
 * the one that is asked.
 */
async function crashLoop(server: TestServer, { times, seconds }: Extent) {
  const rates = { asked: 100, neighbour: 200 };
  await push(server, "asked", { scale: 0, app: { DELAY: "20ms" } });
  await push(server, "well", { scale: 0, app: { DELAY: "20ms" } });
  await push(server, "loop", { scale: 0, app: { DELAY: "20ms", EXIT_AFTER: "2s", EXIT_CODE: "1" } });
  const p99Beside = async (neighbour: string) => {
    const noise = server.load(`${neighbour}.test`, rates.neighbour, seconds);
    const result = await server.load("asked.test", rates.asked, seconds).finished();
    await noise.finished();
    if (result.failed > 0) throw new Error(`Requests to the service beside "${neighbour}" failed: ${result.failed}`);
    return result.p99;
  };
  const pairs = [];
  for (let n = 0; n < times; n++) {
    succeeded(await server.run(["stop", "loop"]));
    const without = await p99Beside("well");
    succeeded(await server.run(["start", "loop"]));
    await untilRefused(server, "loop.test");
    const beside = await p99Beside("loop");
    pairs.push({ without, beside, ratio: beside / without });
  }
  const ratio = median(pairs.map((pair) => pair.ratio));
  const p99 = median(pairs.map(({ beside }) => beside));
  return { requestsPerSecond: rates, pairs, median: { ratio, p99 } };
}

async function push(
  server: TestServer,
  name: string,
  { scale, app }: { readonly scale: number; readonly app: Readonly<Record<string, string>> },
): Promise<void> {
  succeeded(await server.push({ name, options: { domain: `${name}.test`, scale }, app: { TEXT: name, ...app } }));
}

/** `docker kill`s a replica while the load runs; Docker does not start it again, MyPaas has to. */
async function killFirst(server: TestServer, { load, service }: { readonly load: Load; readonly service: string }) {
  await load.begun();
  const [victim] = await containersOf(server.serverId, service);
  if (victim === undefined) throw new Error(`Cannot find a container of "${service}"`);
  await killContainer(victim.Id);
}

/** Waits until the crash loop is known: then requests are refused at once. */
async function untilRefused(server: TestServer, host: string): Promise<void> {
  await waitUntil(async () => {
    const answer = await server.get(host, "/", 1000).catch(() => undefined);
    return answer?.status === 503;
  }, { what: `"${host}" is refused`, timeoutMs: 60_000 });
}

const CASES = {
  "one-of-three": { run: oneOfThree, whole: { times: 5, seconds: 15 }, short: { times: 2, seconds: 8 } },
  "only-one": { run: onlyOne, whole: { times: 5, seconds: 10 }, short: { times: 2, seconds: 6 } },
  "crash-loop": { run: crashLoop, whole: { times: 5, seconds: 15 }, short: { times: 1, seconds: 8 } },
};

const { values } = parseArgs({ options: { case: { type: "string" }, short: { type: "boolean", default: false } } });
const cases = Object.entries(CASES).filter(([name]) => values.case === undefined || name === values.case);
if (cases.length === 0) throw new Error(`Cannot measure "${values.case}": it takes ${Object.keys(CASES).join(", ")}`);
await using server = await TestServer.start();
for (const [name, { run, whole, short }] of cases) {
  console.log(JSON.stringify({ case: name, ...await run(server, values.short ? short : whole) }, null, 2));
}
