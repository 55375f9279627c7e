import { assertEquals } from "@std/assert";
import { Label } from "../../../src/service/names.ts";
import { waitUntil, within } from "../../../src/wait.ts";
import { type Container, containersOf } from "../engine.ts";
import { jsonLines, succeeded, TestServer } from "../lab.ts";

const MOMENTS = 10;

/** A row of random numbers from 0 to 1 that a seed tells again (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function app(scale: number, text: string) {
  const name = `scale${scale}`;
  return {
    name,
    options: { domain: `${name}.test`, scale, "start-timeout": "10s" },
    app: { TEXT: text, BOOT: "300ms" },
  };
}

/** What keeps the service from being whole; undefined when one release serves it and nothing else is there. */
async function fault(server: TestServer, scale: number, texts: readonly string[]): Promise<string | undefined> {
  const containers = await containersOf(server.serverId, `scale${scale}`);
  const releases = new Set(containers.map(({ Config }) => Config.Labels[Label.release]));
  if (
    containers.length !== Math.max(1, scale) || releases.size !== 1 || !containers.every(({ State }) => State.Running)
  ) {
    return `containers ${
      containers.map(({ Name, State }) => `${Name} ${State.Running ? "runs" : "stands"}`).join(", ")
    }`;
  }
  const rows = jsonLines(await server.run(["ps", "--json"])).flat();
  const row = rows.find(({ service }) => service === `scale${scale}`);
  if (row?.["status"] !== "live" || String(row["release"]) !== [...releases][0]) {
    return `ps says ${JSON.stringify(row)}`;
  }
  const { status, text } = await server.get(`scale${scale}.test`);
  if (status !== 200 || !texts.includes(text)) return `it answers ${status} "${text}"`;
  return undefined;
}

function ingressAddress(container: Container, network: string): string {
  return container.NetworkSettings.Networks[network]?.IPAddress ?? "";
}

/** Addresses that Traefik's table names, the receiver's aside. */
async function routed(server: TestServer): Promise<string[]> {
  const table = await Deno.readTextFile(server.layout.routesFile);
  const services = [...table.matchAll(/http:\/\/(\d+\.\d+\.\d+\.\d+):(\d+)/g)].filter(([, , port]) => port === "80");
  return services.map(([, address = ""]) => address).sort();
}

Deno.test(`after kill -9 of the daemon at ${MOMENTS} random moments of deploys one release serves, and nothing else is left`, async () => {
  const seed = Number(Deno.env.get("MYPAAS_TEST_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const next = random(seed);
  await using server = await TestServer.start({ supervisor: "none" });
  const { ingress } = server.names.networks;

  const durations: Record<number, number> = {};
  const live: Record<number, string> = {};
  for (const scale of [0, 2]) {
    succeeded(await server.deploy(app(scale, "zero")));
    const started = performance.now();
    succeeded(await server.deploy(app(scale, "first")));
    durations[scale] = performance.now() - started;
    live[scale] = "first";
  }
  for (let moment = 1; moment <= MOMENTS; moment++) {
    const scale = moment % 2 === 0 ? 0 : 2;
    const text = `moment ${moment}`;
    const delay = next() * (durations[scale] ?? 0) * 1.2;
    const where = `MYPAAS_TEST_SEED=${seed}, moment ${moment}: kill after ${delay.toFixed(0)} ms with scale ${scale}`;
    console.log(where);

    const deploy = server.deploy(app(scale, text));
    const begin = performance.now();
    await waitUntil(() => performance.now() >= begin + delay, { what: "it is time", timeoutMs: 60_000, intervalMs: 5 });
    await server.endDaemon("SIGKILL");
    await server.startDaemon();
    await within(deploy, { what: `the command ends (${where})`, timeoutMs: 60_000 });

    let last: string | undefined;
    await waitUntil(async () => (last = await fault(server, scale, [live[scale] ?? "", text])) === undefined, {
      what: `one release serves (${where})`,
      timeoutMs: 45_000,
      intervalMs: 200,
    }).catch((error) => {
      throw new Error(`${where}: ${last}`, { cause: error });
    });
    live[scale] = (await server.get(`scale${scale}.test`)).text;

    const containers = (await Promise.all([0, 2].map((one) => containersOf(server.serverId, `scale${one}`)))).flat();
    assertEquals(await routed(server), containers.map((one) => ingressAddress(one, ingress)).sort(), where);
  }
  for (const scale of [0, 2]) {
    succeeded(await server.deploy(app(scale, "last")));
    assertEquals((await server.get(`scale${scale}.test`)).text, "last");
    // The old release goes behind the answer of a deploy.
    await waitUntil(async () => await fault(server, scale, ["last"]) === undefined, {
      what: "only the last release is left",
      timeoutMs: 20_000,
      intervalMs: 200,
    });
  }
});
