import { parseArgs } from "node:util";
import { CuttingProxy, laptopBehind } from "../../tests/e2e/cutting_proxy.ts";
import { jsonLines, succeeded, TestServer } from "../../tests/e2e/lab.ts";
import { seededRandom, writeTree } from "./seeded_tree.ts";

/** What is aimed at: bytes sent, over those of a push that is not cut. */
const MOST_ONCE = 1.1;
const MOST_OFTEN = 1.5;
const FILES = 600;

const { values } = parseArgs({
  options: {
    pushes: { type: "string", default: "30" },
    cuts: { type: "string", default: "30" },
    bytes: { type: "string", default: "300000000" },
    seed: { type: "string", default: "1" },
  },
});
const [pushes, cuts, bytes, seed] = [values.pushes, values.cuts, values.bytes, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];
const random = seededRandom(seed);

await using server = await TestServer.start();
await using proxy = new CuttingProxy(server.httpsPort);
const laptop = await laptopBehind(proxy, server, "far");

/** Pushes a tree of its own, cut at these bytes of what the client sends. */
async function push(number: number, positions: readonly number[]) {
  const name = `tree-${number}`;
  const folder = `${server.folder}/${name}`;
  await Deno.mkdir(folder);
  await writeTree(folder, { files: FILES, bytes, seed: seed + number });
  const lines = [`# mypaas.servicename = ${name}`, "# mypaas.stop-grace = 1s", "FROM busybox", "COPY Dockerfile /"];
  await Deno.writeTextFile(`${folder}/Dockerfile`, [...lines, 'CMD ["sleep", "86400"]', ""].join("\n"));
  proxy.taken();
  proxy.cutAt("up", positions);
  const began = performance.now();
  const ran = succeeded(await server.client(["push", "lab", `${folder}/Dockerfile`, "--json"], laptop));
  const seconds = (performance.now() - began) / 1000;
  if (proxy.cutsLeft > 0) throw new Error(`${proxy.cutsLeft} of the cuts at ${positions} did not come`);
  const { up } = proxy.taken();
  succeeded(await server.run(["remove", name]));
  await Deno.remove(folder, { recursive: true });
  return { up, seconds, retries: jsonLines(ran).filter(({ kind }) => kind === "retry").length };
}

const whole = await push(0, []);
const cutOnce = [];
for (let number = 1; number <= pushes; number++) {
  const at = Math.floor(random() * whole.up);
  const { up, seconds } = await push(number, [at]);
  cutOnce.push({ at, sent: up, ratio: up / whole.up, seconds });
  console.error(`cut at ${at}: sent ${(up / whole.up).toFixed(3)} x once, ${seconds.toFixed(1)} s`);
}
const positions = Array.from({ length: cuts }, () => Math.floor(random() * whole.up));
const often = await push(pushes + 1, positions);
const cutOften = { cuts, sent: often.up, ratio: often.up / whole.up, seconds: often.seconds, retries: often.retries };
const worst = Math.max(...cutOnce.map(({ ratio }) => ratio));
console.log(JSON.stringify({ bytes, once: whole.up, seconds: whole.seconds, cutOnce, worst, cutOften }, null, 2));
if (worst > MOST_ONCE || cutOften.ratio > MOST_OFTEN) Deno.exitCode = 1;
