import { parseArgs } from "node:util";
import { ticks, waitUntil } from "../../src/wait.ts";
import { jsonLines, succeeded, TestServer } from "../../tests/e2e/lab.ts";
import { Pebble } from "../../tests/e2e/pebble.ts";
import { visit } from "../../tests/e2e/visitor.ts";

/** Of a certificate that is valid for less than a day, Traefik renews what ends within 20 minutes; it looks every minute. */
const VALID_SECONDS = 20 * 60 + 15;
const RENEWAL_TIMEOUT_MS = 180_000;

/** When the certificates of the one service end, by domain. */
async function ends(server: TestServer): Promise<ReadonlyMap<string, string>> {
  const [service] = jsonLines(succeeded(await server.run(["ps", "--json"])));
  const certificates = service?.["certificates"];
  if (!Array.isArray(certificates)) throw new Error("ps does not tell of certificates");
  return new Map(certificates.map(({ domain, notAfter }) => [domain, String(notAfter)]));
}

/** Asks for the page ten times a second until the signal is aborted, as a visitor of https does. */
async function visits(server: TestServer, signal: AbortSignal) {
  const seen = { sent: 0, failed: 0 };
  for await (const _ of ticks(100, signal)) {
    const status = await visit(server, "https://one.test/").then((page) => page.status, () => 0);
    seen.sent += 1;
    if (status !== 200) seen.failed += 1;
  }
  return seen;
}

/** Waits until every certificate has been renewed. */
async function renewal(server: TestServer, pebble: Pebble) {
  const before = await ends(server);
  const orders = await pebble.orders();
  const began = performance.now();
  const over = new AbortController();
  const visiting = visits(server, over.signal);
  try {
    await waitUntil(async () => [...await ends(server)].every(([domain, end]) => end !== before.get(domain)), {
      what: "the certificates are renewed",
      timeoutMs: RENEWAL_TIMEOUT_MS,
      intervalMs: 500,
    });
  } finally {
    over.abort();
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return { certificates: before.size, seconds, orders: await pebble.orders() - orders, requests: await visiting };
}

const { values: { times } } = parseArgs({ options: { times: { type: "string", default: "2" } } });
await using server = await TestServer.start();
await using pebble = await Pebble.start({ httpPort: server.httpPort, validitySeconds: VALID_SECONDS });
succeeded(await server.init(...pebble.flags, "--certificate-hours", "1"));
const options = { domain: ["one.test", "two.test"], https: "true" };
succeeded(await server.push({ name: "short", options: { ...options }, app: { TEXT: "short" } }));
const renewals = [];
for (let n = 0; n < Number(times); n++) renewals.push(await renewal(server, pebble));
console.log(JSON.stringify({ validSeconds: VALID_SECONDS, renewals }));
