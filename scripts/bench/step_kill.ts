import { parseArgs } from "node:util";
import { TestServer } from "../../tests/e2e/lab.ts";
import { killAtEveryStep } from "../../tests/e2e/step_kill.ts";
import { median } from "./median.ts";

const SCALES: Readonly<Record<string, number>> = { "start-first": 2, "stop-first": 0 };
const RATE = 50;

const { values } = parseArgs({ options: { kind: { type: "string" }, rounds: { type: "string", default: "3" } } });
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  throw new Error(`Cannot kill for "${values.rounds}" rounds: it takes a whole number from 1`);
}
const kinds = Object.entries(SCALES).filter(([kind]) => values.kind === undefined || kind === values.kind);
if (kinds.length === 0) throw new Error(`Cannot measure "${values.kind}": it takes start-first or stop-first`);

for (const [kind, scale] of kinds) {
  await using server = await TestServer.start({ supervisor: "none" });
  const { kills, load } = await killAtEveryStep(server, { scale, rounds, rate: RATE });
  const { sent, failed, failures, p50, p99, max, longestGap } = load;
  console.log(JSON.stringify(
    {
      kind,
      rounds,
      steps: [...new Set(kills.map(({ step }) => step))],
      kills: kills.length,
      requestsPerSecond: RATE,
      sent,
      failed,
      failures,
      milliseconds: { p50, p99, max, longestGap },
      /** From the daemon's next start until everything agrees. */
      seconds: {
        median: median(kills.map(({ seconds }) => seconds)),
        max: Math.max(...kills.map((kill) => kill.seconds)),
      },
    },
    null,
    2,
  ));
}
