import { parseArgs } from "node:util";
import { measureHold } from "../../tests/e2e/hold.ts";
import { TestServer } from "../../tests/e2e/lab.ts";
import { soak } from "../../tests/e2e/soak.ts";

const { values } = parseArgs({ options: { short: { type: "boolean", default: false } } });
const plan = values.short
  ? { seconds: 20, redeploys: 2, drainTimeoutSeconds: 5, longestSeconds: 3 }
  : { seconds: 180, redeploys: 5, drainTimeoutSeconds: 30, longestSeconds: 20 };
await using server = await TestServer.start();
// Both at once: each has its own service and its own visitors.
const kinds = ["start-first", "stop-first"] as const;
for (const result of await Promise.all(kinds.map((kind) => soak(server, { kind, ...plan })))) {
  console.log(JSON.stringify(result, null, 2));
}
for (const fails of [false, true]) {
  const boot = values.short ? "3s" : "12s";
  console.log(JSON.stringify({ kind: "hold", boot, fails, ...await measureHold(server, { boot, fails }) }, null, 2));
}
