import { assertEquals, assertLess, assertRejects } from "@std/assert";
import type { ReplicaRequest } from "../../src/deploy/runtime.ts";
import { MyPaasError } from "../../src/error.ts";
import { Label } from "../../src/service/names.ts";
import { waitUntil } from "../../src/wait.ts";
import { docker, EngineBench } from "./bench.ts";

/** Sends back what it gets, on port 9000. */
const ECHO = "FROM busybox\nCMD exec nc -ll -p 9000 -e cat";

/** Addresses that a container finds behind a name; Docker's own resolver only, since the machine's may be slow. */
async function lookUp(bench: EngineBench, { id }: ReplicaRequest, name: string): Promise<readonly string[]> {
  const script = `timeout 1 nslookup ${name} 127.0.0.11 2>/dev/null | tail -n +3 | grep -oE '[0-9.]+$' || true`;
  const found = await docker("exec", bench.names.replica(id), "sh", "-c", script);
  return found.split("\n").filter((line) => line !== "").sort();
}

async function defaultRoute(bench: EngineBench, { id }: ReplicaRequest): Promise<string> {
  return (await docker("exec", bench.names.replica(id), "ip", "route")).split("\n")[0] ?? "";
}

async function ownAddress(bench: EngineBench, { id }: ReplicaRequest): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${bench.names.ownNetwork(id.service)}").IPAMConfig.IPv4Address}}`;
  return await docker("inspect", "--format", format, bench.names.replica(id));
}

/** Running replicas of `db`, isolated, and of `web` and `other`; all on the ingress network too. */
async function scene(bench: EngineBench) {
  await bench.addNetworks();
  const { image } = await bench.build("web", ECHO);
  const web = bench.replica(image, { service: "web", host: 20 });
  const other = bench.replica(image, { service: "other", host: 21 });
  const db = (n: number, change: { readonly named?: boolean; readonly release?: number } = {}) =>
    bench.replica(image, { service: "db", n, host: 30 + n, spec: { peers: ["web"] }, ...change });
  for (const replica of [web, other]) await start(bench, replica);
  return { web, other, db };
}

async function start({ runtime }: EngineBench, replica: ReplicaRequest): Promise<void> {
  await runtime.create(replica);
  await runtime.start(replica.id);
}

async function reaches({ runtime }: EngineBench): Promise<Record<string, readonly string[]>> {
  return Object.fromEntries((await runtime.list()).map(({ id, reaches }) => [id.service, reaches]));
}

Deno.test("an isolated service's name leads its peers to it, nobody else, and it finds all the others", async () => {
  await using bench = new EngineBench();
  const { web, other, db } = await scene(bench);
  await bench.runtime.setNamed(web.id, true);
  const route = await defaultRoute(bench, web);
  await bench.runtime.setPeers("db", ["late", "web"]);
  const one = db(1);
  await start(bench, one);
  assertEquals(await lookUp(bench, web, "db"), [], "not named yet");
  await bench.runtime.setNamed(one.id, true);
  const address = await ownAddress(bench, one);
  assertEquals(await lookUp(bench, web, "db"), [address]);
  assertEquals(await lookUp(bench, other, "db"), []);
  assertEquals(await lookUp(bench, one, "db"), [address]);
  assertEquals(await lookUp(bench, one, "web"), [web.internalAddress]);
  assertEquals(
    await docker("exec", bench.names.replica(web.id), "sh", "-c", "echo hello | timeout 3 nc db 9000"),
    "hello",
  );
  assertEquals(await defaultRoute(bench, web), route, "the way out of a running peer stays the same");
  assertEquals((await bench.runtime.inspect(one.id))?.named, true);
  assertEquals(await reaches(bench), { db: [], other: [], web: ["db"] });

  await bench.runtime.setPeers("db", ["other"]);
  assertEquals(await lookUp(bench, web, "db"), []);
  assertEquals(await lookUp(bench, other, "db"), [address]);
  assertEquals(await reaches(bench), { db: [], other: ["db"], web: [] });
  assertEquals(await bench.runtime.isolated(), ["db"]);

  await bench.runtime.remove(one.id);
  await bench.runtime.setPeers("db", undefined);
  await bench.runtime.setPeers("db", undefined);
  assertEquals(await bench.runtime.isolated(), []);
  assertEquals(await reaches(bench), { other: [], web: [] });
  assertEquals(await defaultRoute(bench, web), route);
});

Deno.test("replicas of an isolated service that are made at once get different addresses, which they keep", async () => {
  await using bench = new EngineBench();
  const { web, db } = await scene(bench);
  const replicas = [db(1, { named: true }), db(2, { named: true }), db(3, { named: true })];
  await Promise.all(replicas.map((replica) => bench.runtime.create(replica)));
  await bench.runtime.setPeers("db", ["web"]);
  await Promise.all(replicas.map(({ id }) => bench.runtime.start(id)));
  const addresses = await Promise.all(replicas.map((replica) => ownAddress(bench, replica)));
  assertEquals(new Set(addresses).size, 3);
  assertEquals(await lookUp(bench, web, "db"), addresses.toSorted());
  await docker("restart", "--time", "0", ...replicas.map(({ id }) => bench.names.replica(id)));
  await bench.runtime.setNamed(replicas[0]?.id ?? web.id, false);
  assertEquals(await lookUp(bench, web, "db"), addresses.slice(1).sort());
});

/** A connection out of a container, through `nc`. */
class PeerConnection implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #got = "";

  constructor(container: string, address: string) {
    this.#process = new Deno.Command("docker", {
      args: ["exec", "-i", container, "nc", address, "9000"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#process.stdin.getWriter();
  }

  /** Sends a line and waits until it has come back. */
  async roundTrip(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${text}\n`));
    while (!this.#got.endsWith(`${text}\n`)) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("the connection was closed");
      this.#got += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#lines.cancel();
    await this.#process.status;
  }
}

Deno.test("an open connection of a peer survives that the isolated service is named and unnamed", async () => {
  await using bench = new EngineBench();
  const { web, db } = await scene(bench);
  const one = db(1);
  await start(bench, one);
  await bench.runtime.setPeers("db", ["web"]);
  await using connection = new PeerConnection(bench.names.replica(web.id), await ownAddress(bench, one));
  await connection.roundTrip("open");
  let ended = false;
  let rounds = 0;
  let longestMs = 0;
  const talk = (async () => {
    while (!ended) {
      const sentAt = Date.now();
      await connection.roundTrip(`round ${rounds++}`);
      longestMs = Math.max(longestMs, Date.now() - sentAt);
    }
  })();
  talk.catch(() => {});
  const named = async (wanted: boolean) => {
    await bench.runtime.setNamed(one.id, wanted);
    const before = rounds;
    await waitUntil(() => rounds > before + 1, { what: "the connection goes on", timeoutMs: 10_000, intervalMs: 5 });
  };
  try {
    for (let round = 0; round < 2; round++) {
      await named(true);
      await named(false);
    }
  } finally {
    ended = true;
  }
  await talk;
  assertLess(longestMs, 3000);
});

Deno.test("setPeers() connects replicas that do not run, and those start; with the network gone too", async () => {
  await using bench = new EngineBench();
  const { web, other } = await scene(bench);
  await bench.runtime.stop(other.id, 0);
  const made = {
    ...web,
    id: { ...web.id, n: 2 },
    ingressAddress: undefined,
    internalAddress: bench.address("internal", 40),
  };
  await bench.runtime.create(made);
  await bench.runtime.setPeers("db", ["other", "web"]);
  assertEquals((await bench.runtime.inspect(made.id))?.reaches, ["db"]);
  await bench.runtime.start(made.id);
  assertEquals((await bench.runtime.inspect(made.id))?.reaches, ["db"]);
  await bench.runtime.setPeers("db", undefined);
  await bench.runtime.start(other.id);
  assertEquals((await bench.runtime.inspect(other.id))?.reaches, []);
});

Deno.test("setPeers() goes by the last call, and bears that a container goes meanwhile", async () => {
  await using bench = new EngineBench();
  const { web, other } = await scene(bench);
  const began = Date.now();
  await Promise.all([
    bench.runtime.setPeers("db", ["web", "other"]),
    bench.runtime.remove(other.id),
    bench.runtime.setPeers("db", []),
    bench.runtime.setPeers("db", ["web"]),
  ]);
  assertLess(Date.now() - began, 10_000);
  assertEquals((await bench.runtime.inspect(web.id))?.reaches, ["db"]);
  assertEquals(await reaches(bench), { web: ["db"] });
});

Deno.test("setPeers() takes away what a break in the middle has left, and nothing of another service or server", async () => {
  await using bench = new EngineBench();
  await using neighbour = new EngineBench();
  const label = (server: EngineBench, service: string) => ({
    [Label.instance]: server.instance,
    [Label.service]: service,
  });
  // The question for a free subnet.
  await bench.machine.createNetwork(`${bench.names.ownNetwork("db")}.subnet`, label(bench, "db"));
  await bench.runtime.setPeers("db-subnet", []);
  await neighbour.runtime.setPeers("db", []);
  assertEquals(await bench.runtime.isolated(), ["db", "db-subnet"]);
  await bench.runtime.setPeers("db", undefined);
  assertEquals(await bench.runtime.isolated(), ["db-subnet"]);
  assertEquals(await neighbour.runtime.isolated(), ["db"]);
});

Deno.test("create() of an isolated replica leaves no container when its network cannot be used", async () => {
  await using bench = new EngineBench();
  const { db } = await scene(bench);
  const name = bench.names.ownNetwork("db");
  await docker("network", "create", name);
  try {
    await assertRejects(() => bench.runtime.create(db(1)), MyPaasError, 'Cannot isolate "db"');
    assertEquals(await bench.runtime.inspect(db(1).id), undefined);
  } finally {
    await docker("network", "rm", name);
  }
  await bench.runtime.create(db(1));
  await waitUntil(async () => (await bench.runtime.inspect(db(1).id))?.status === "created", {
    what: "it is there",
    timeoutMs: 5000,
  });
});
