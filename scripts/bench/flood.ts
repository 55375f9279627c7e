import { parseArgs } from "node:util";
import { waitUntil } from "../../src/wait.ts";
import { auditOf, forgetPeak, listing, partsOf, peakMemory } from "../../tests/e2e/attacks/traces.ts";
import { succeeded, TestServer } from "../../tests/e2e/lab.ts";
import { Load } from "../../tests/e2e/load.ts";
import { CHECKOUT } from "../../tests/e2e/project.ts";
import { median } from "./median.ts";

const PAIRS = 5;
/** Requests a second of the good service's visitors. */
const VISITS = 50;
/** A pair's calm part is no longer than this, in seconds. */
const LONGEST_CALM = 30;
/** Below this nobody feels a difference, in milliseconds. */
const QUICK_MS = 50;
const MOST_RATIO = 1.5;
const MOST_RECEIVER_MIB = 150;
/** The audit counts equal refusals of a minute in one line. */
const MOST_AUDIT_LINES_A_MINUTE = 100;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "600" }, rate: { type: "string", default: "500" } },
});
const seconds = Number(values.seconds);
const part = Math.max(2, Math.round(seconds / PAIRS));

await using server = await TestServer.start({ supervisor: "none" });
succeeded(await server.push({ name: "good", options: { domain: "good.test", scale: 1 }, app: { TEXT: "good" } }));
const targets = await badRequests(`https://127.0.0.1:${server.httpsPort}`, server.folder);
const before = await partsOf(server);
await forgetPeak(before.receiver);

const pairs: { readonly calm: number; readonly flooded: number; readonly failed: number }[] = [];
for (let i = 0; i < PAIRS; i++) {
  const calm = await visits(Math.min(part, LONGEST_CALM));
  const flood = startFlood(targets, Number(values.rate), part);
  const flooded = await visits(part);
  await flood;
  pairs.push({ calm: calm.p99, flooded: flooded.p99, failed: calm.failed + flooded.failed });
}

const after = await partsOf(server);
const ratio = median(pairs.map(({ calm, flooded }) => flooded / calm));
const p99 = median(pairs.map(({ flooded }) => flooded));
const receiverMiB = await peakMemory(after.receiver);
const audit = auditOf(server);
const spool = (await listing(server.layout.spool, [])).filter((line) => !line.includes(`${server.layout.spool}/good`));
const restarted = JSON.stringify(before) !== JSON.stringify(after);
const minutes = Math.ceil(PAIRS * (part + Math.min(part, LONGEST_CALM)) / 60) + 1;
const met = {
  p99: ratio <= MOST_RATIO || p99 < QUICK_MS,
  receiver: receiverMiB <= MOST_RECEIVER_MIB,
  audit: audit.refusalLines <= minutes * MOST_AUDIT_LINES_A_MINUTE,
  spool: spool.length === 0,
  restart: !restarted,
  failed: pairs.every(({ failed }) => failed === 0),
};
const result = { seconds: PAIRS * part, rate: Number(values.rate), ratio, p99, pairs, receiverMiB, audit, spool, met };
console.log(JSON.stringify(result, null, 2));
if (Object.values(met).includes(false)) Deno.exitCode = 1;

/** Visits of the good service for a time. */
async function visits(forSeconds: number): Promise<{ readonly p99: number; readonly failed: number }> {
  const load = new Load(`http://127.0.0.1:${server.httpPort}/`, {
    host: "good.test",
    rate: VISITS,
    maxSeconds: forSeconds + 30,
  });
  const end = performance.now() + forSeconds * 1000;
  await waitUntil(() => performance.now() >= end, {
    what: "the visits are over",
    timeoutMs: (forSeconds + 60) * 1000,
    intervalMs: 200,
  });
  const { p99, requests } = await load.stop();
  return { p99, failed: requests.filter(({ ok }) => !ok).length };
}

/** Sends the requests in turn, however slow the answers are. */
async function startFlood(targets: string, rate: number, forSeconds: number): Promise<void> {
  const limits = ["-timeout=5s", "-max-workers=2000", "-connections=500", "-insecure", "-output=/dev/null"];
  const vegeta = new Deno.Command(`${CHECKOUT}/.tools/bin/vegeta`, {
    args: ["attack", `-targets=${targets}`, `-rate=${rate}`, `-duration=${forSeconds}s`, ...limits],
    stdout: "null",
    stderr: "inherit",
  });
  const { code } = await vegeta.output();
  if (code !== 0) throw new Error(`vegeta ended with ${code}`);
}

/** Requests of all kinds that are refused, as vegeta reads them. Gives the file's path. */
async function badRequests(url: string, folder: string): Promise<string> {
  const body = `${folder}/flood.body`;
  await Deno.writeTextFile(body, JSON.stringify({ id: "0".repeat(32), mac: "x".repeat(2000) }));
  const signature = [
    `signature-input: sig=("@method");created=1;nonce="x";keyid="${"0".repeat(16)}";alg="ed25519";tag="mypaas"`,
    `signature: sig=:${btoa("x".repeat(64))}:`,
    `mypaas-server: ${server.serverId}`,
  ];
  const requests = [
    [`GET ${url}/v1/services`],
    [`GET ${url}/v1/services`, ...signature],
    [`POST ${url}/v1/login`, `@${body}`],
    [`POST ${url}/v1/deploy?service=good`, ...signature, `@${body}`],
    [`PUT ${url}/v1/blobs?service=good`, ...signature, `@${body}`],
    [`POST ${url}/v1/missing?service=other`, `@${body}`],
    [`GET ${url}/v1/nothing`, `x-long: ${"y".repeat(4000)}`],
    [`DELETE ${url}/v1/services/good`, ...signature],
  ];
  const path = `${folder}/flood.targets`;
  await Deno.writeTextFile(path, requests.map((lines) => lines.join("\n")).join("\n\n") + "\n");
  return path;
}
