import { parseArgs } from "node:util";
import { Attacker } from "../../tests/e2e/attacks/attacker.ts";
import { fuzz } from "../../tests/e2e/attacks/fuzz.ts";
import { auditOf, forgetPeak, partsOf, peakMemory } from "../../tests/e2e/attacks/traces.ts";
import { TestServer } from "../../tests/e2e/lab.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "300" },
    seed: { type: "string" },
    requests: { type: "string" },
  },
});
// To send one request of an earlier run again: --seed SEED --requests 1.
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const requests = values.requests === undefined ? undefined : Number(values.requests);

await using server = await TestServer.start({ supervisor: "none" });
const attacker = await Attacker.of(server);
const before = await partsOf(server);
for (const pid of [before.daemon, before.receiver]) await forgetPeak(pid);
const result = await fuzz(attacker, { seed, seconds: Number(values.seconds), requests });
const after = await partsOf(server);
const peakMiB = { daemon: await peakMemory(after.daemon), receiver: await peakMemory(after.receiver) };
const samePids = JSON.stringify(before) === JSON.stringify(after);
console.log(JSON.stringify({ ...result, samePids, peakMiB, audit: auditOf(server) }, null, 2));
if (!samePids || result.failures.length > 0) Deno.exitCode = 1;
