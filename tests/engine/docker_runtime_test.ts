import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import type { LogLine, ReplicaEvent, ReplicaRequest, ReplicaState } from "../../src/deploy/runtime.ts";
import { MyPaasError, NotReadyError } from "../../src/error.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { docker, EngineBench } from "./bench.ts";

const SLEEP = "FROM busybox\nCMD exec sleep 1000";
/** Ends at once on SIGTERM. */
const POLITE = `FROM busybox\nCMD trap 'exit 0' TERM; sleep 1000 & wait`;

/** A bench with networks and one image. */
async function benchWith(dockerfile: string): Promise<{ bench: EngineBench; image: string }> {
  const bench = new EngineBench();
  try {
    await bench.addNetworks();
    return { bench, image: (await bench.build("web", dockerfile)).image };
  } catch (error) {
    await bench[Symbol.asyncDispose]();
    throw error;
  }
}

async function run({ runtime }: EngineBench, replica: ReplicaRequest): Promise<ReplicaState> {
  await runtime.create(replica);
  await runtime.start(replica.id);
  const state = await runtime.inspect(replica.id);
  assert(state);
  return state;
}

async function inspectJson(bench: EngineBench, { id }: ReplicaRequest) {
  return JSON.parse(await docker("inspect", bench.names.replica(id)))[0];
}

Deno.test("EngineRuntime runs a replica at its fixed addresses, fenced and labelled", async () => {
  const { bench, image } = await benchWith(SLEEP);
  await using _ = bench;
  const replica = {
    ...bench.replica(image, {
      host: 20,
      spec: {
        env: [{ name: "COLOUR", value: "blue = $green" }],
        stopGraceSeconds: 7,
        volumes: [
          { kind: "named", source: "data", target: "/data", readOnly: false },
          { kind: "bind", source: Deno.cwd(), target: "/code", readOnly: true },
        ],
      },
    }),
    labels: { "traefik.enable": "true" },
  };
  await bench.runtime.create(replica);
  const created = await bench.runtime.inspect(replica.id);
  assertEquals([created?.status, created?.pid, created?.startedAt], ["created", 0, undefined]);
  assertEquals(created?.ingressAddress, bench.address("ingress", 20));
  const addresses = new Set([bench.address("ingress", 20), bench.address("internal", 20)]);
  assertEquals(await bench.runtime.addresses(), addresses);

  await bench.runtime.start(replica.id);
  const state = await bench.runtime.inspect(replica.id);
  assert(state && state.pid > 0 && state.startedAt);
  assertEquals({ ...state, pid: 1, startedAt: "" }, {
    id: replica.id,
    status: "running",
    ingressAddress: bench.address("ingress", 20),
    internalAddress: bench.address("internal", 20),
    named: false,
    reaches: [],
    restarts: false,
    health: "none",
    healthOutput: "",
    pid: 1,
    restartCount: 0,
    exitCode: 0,
    oomKilled: false,
    error: "",
    startedAt: "",
  });

  const { HostConfig: host, Config: config, Mounts: mounts } = await inspectJson(bench, replica);
  assertEquals(host.LogConfig, { Type: "local", Config: { "max-size": "10m", "max-file": "3" } });
  assertEquals([host.SecurityOpt, host.CapDrop, host.PidsLimit], [["no-new-privileges"], ["NET_RAW"], 4096]);
  assertEquals([config.StopTimeout, config.Labels["traefik.enable"]], [7, "true"]);
  assertEquals([config.Labels["mypaas.instance"], config.Labels["mypaas.part"]], [bench.instance, "replica"]);
  assert(config.Env.includes("COLOUR=blue = $green"));
  assertEquals(
    mounts.map((mount: Record<string, unknown>) => [mount["Type"], mount["Name"], mount["Destination"], mount["RW"]])
      .sort(),
    [["bind", undefined, "/code", false], ["volume", bench.names.volume("web", "data"), "/data", true]],
  );
  assertEquals((await bench.machine.owned(bench.instance)).volumes, [bench.names.volume("web", "data")]);

  assertEquals((await bench.runtime.list()).map(({ id }) => id), [replica.id]);
  assertEquals(await bench.runtime.addresses(), addresses);
  await bench.runtime.remove(replica.id);
  await bench.runtime.remove(replica.id);
  assertEquals([await bench.runtime.inspect(replica.id), await bench.runtime.list()], [undefined, []]);
});

Deno.test("EngineRuntime replaces its own leftover, and neither sees nor touches what is not its own", async () => {
  const { bench, image } = await benchWith(SLEEP);
  await using _ = bench;
  const replica = bench.replica(image);
  const first = await run(bench, replica);
  const second = await run(bench, replica);
  assert(first.pid !== second.pid);

  const foreign = bench.replica(image, { n: 2, host: 17 });
  const name = bench.names.replica(foreign.id);
  await docker("create", "--name", name, "busybox", "true");
  try {
    const error = await assertRejects(() => bench.runtime.create(foreign), MyPaasError, "that MyPaas did not make");
    assertStringIncludes(error.hint ?? "", `docker rename ${name}`);
    await bench.runtime.remove(foreign.id);
    assertEquals(await bench.runtime.inspect(foreign.id), undefined);
    await assertRejects(() => bench.runtime.start(foreign.id), MyPaasError, 'Cannot start "web.1.2"');
    assertEquals((await bench.runtime.list()).length, 1);
    assertEquals(await docker("inspect", "--format", "{{.State.Status}}", name), "created");
  } finally {
    await docker("rm", name);
  }
});

Deno.test("EngineRuntime.list() is in the order of names", async () => {
  const { bench, image } = await benchWith(SLEEP);
  await using _ = bench;
  const wanted = [["api", 2, 1], ["web", 9, 1], ["web", 10, 1], ["web", 10, 2]] as const;
  for (const [service, release, n] of wanted.toReversed()) {
    await bench.runtime.create(bench.replica(image, { service, release, n, ingress: false }));
  }
  const listed = await bench.runtime.list();
  assertEquals(listed.map(({ id }) => [id.service, id.release, id.n]), wanted.map((each) => [...each]));
  assertEquals(listed.map(({ ingressAddress }) => ingressAddress), wanted.map(() => undefined));
  assertEquals((await bench.runtime.list("web")).map(({ id }) => id), listed.slice(1).map(({ id }) => id));
});

Deno.test("EngineRuntime.start() says in one sentence what kept a replica from starting", async () => {
  const { bench, image } = await benchWith('FROM busybox\nCMD ["/no/such/program"]');
  await using _ = bench;
  const { image: folder } = await bench.build("web", 'FROM busybox\nCMD ["/etc"]');
  const { image: user } = await bench.build("web", "FROM busybox\nUSER nobody-knows\nCMD true");
  const reasons = [
    [image, 'exec: "/no/such/program": stat /no/such/program: no such file or directory'],
    [folder, 'exec: "/etc": permission denied'],
    [user, "unable to find user nobody-knows: no matching entries in passwd file"],
  ] as const;
  for (const [each, reason] of reasons) {
    const replica = bench.replica(each);
    await bench.runtime.create(replica);
    const error = await assertRejects(() => bench.runtime.start(replica.id), NotReadyError);
    assertEquals(error.message, `Cannot start "web.1.1": ${reason}`);
    assertEquals((await bench.runtime.inspect(replica.id))?.error, reason);
  }
  const taken = bench.replica((await bench.build("web", SLEEP)).image, { n: 2, host: 30 });
  await run(bench, taken);
  const late = { ...taken, id: { ...taken.id, n: 3 } };
  await bench.runtime.create(late);
  await assertRejects(() => bench.runtime.start(late.id), NotReadyError, "Address already in use");
});

Deno.test("EngineRuntime.stop() waits for a polite process no longer than it needs, and kills one that stays", async () => {
  const { bench, image } = await benchWith(POLITE);
  await using _ = bench;
  const { image: rude } = await bench.build("web", "FROM busybox\nCMD trap '' TERM; while true; do sleep 1; done");
  const polite = bench.replica(image);
  await run(bench, polite);
  await bench.runtime.setRestart(polite.id, true);
  assertEquals((await bench.runtime.inspect(polite.id))?.restarts, true);
  const began = Date.now();
  await bench.runtime.stop(polite.id, 10);
  assertLess(Date.now() - began, 5000);
  const ended = await bench.runtime.inspect(polite.id);
  assertEquals([ended?.status, ended?.exitCode, ended?.restarts], ["exited", 0, false]);
  await bench.runtime.stop(polite.id, 10);

  const stubborn = bench.replica(rude, { n: 2, host: 17 });
  await run(bench, stubborn);
  await bench.runtime.stop(stubborn.id, 1);
  const killed = await bench.runtime.inspect(stubborn.id);
  assertEquals([killed?.status, killed?.exitCode], ["exited", 137]);
  await bench.runtime.stop({ ...stubborn.id, n: 9 }, 1);
});

Deno.test("EngineRuntime.setRestart() decides whether a replica comes back, and events tell it within a second", async () => {
  const { bench, image } = await benchWith(SLEEP);
  await using _ = bench;
  const replica = bench.replica(image);
  const stop = new AbortController();
  const events = bench.runtime.events(stop.signal)[Symbol.asyncIterator]();
  const next = async (kind: ReplicaEvent["kind"]) => {
    const { value } = await within(events.next(), { what: `"${kind}" is told`, timeoutMs: 5000 });
    assertEquals(value, { id: replica.id, kind });
  };
  const { pid } = await run(bench, replica);
  await next("start");

  await bench.runtime.setRestart(replica.id, true);
  let killedAt = Date.now();
  Deno.kill(pid, "SIGKILL");
  await next("die");
  assertLess(Date.now() - killedAt, 1000);
  await next("start");
  const again = await bench.runtime.inspect(replica.id);
  assert(again && again.pid !== pid);
  assertEquals([again.status, again.restartCount], ["running", 1]);
  assertEquals([again.ingressAddress, again.internalAddress], [replica.ingressAddress, replica.internalAddress]);

  await bench.runtime.setRestart(replica.id, false);
  killedAt = Date.now();
  Deno.kill(again.pid, "SIGKILL");
  await next("die");
  assertLess(Date.now() - killedAt, 1000);
  assertEquals((await bench.runtime.inspect(replica.id))?.status, "exited");
  await bench.runtime.remove(replica.id);
  await next("destroy");

  const last = events.next();
  stop.abort();
  assertEquals((await within(last, { what: "the watch ends", timeoutMs: 2000 })).done, true);
});

Deno.test("EngineRuntime overrides the times of a health check, so that a replica is ready soon", async () => {
  const { bench, image } = await benchWith(`${SLEEP}\nHEALTHCHECK --interval=60s CMD test -e /tmp/ready`);
  await using _ = bench;
  const replica = bench.replica(image);
  assertEquals((await run(bench, replica)).health, "starting");
  await docker("exec", bench.names.replica(replica.id), "touch", "/tmp/ready");
  await waitUntil(async () => (await bench.runtime.inspect(replica.id))?.health === "healthy", {
    what: "the replica is healthy",
    timeoutMs: 10_000,
  });
});

Deno.test("EngineRuntime.logs() reads both streams, follows, and ends when it is aborted", async () => {
  const { bench, image } = await benchWith(
    `FROM busybox\nCMD echo one; echo two >&2; head -c 40000 /dev/zero | tr '\\0' x; echo; echo after; exec sleep 1000`,
  );
  await using _ = bench;
  const replica = bench.replica(image);
  await run(bench, replica);
  const stop = new AbortController();
  const lines: LogLine[] = [];
  const follow = async () => {
    for await (const line of bench.runtime.logs(replica.id, { follow: true }, stop.signal)) {
      lines.push(line);
      if (lines.length === 4) stop.abort();
    }
  };
  await within(follow(), { what: "the log ends", timeoutMs: 10_000 });
  assertEquals(lines.filter(({ stream }) => stream === "stderr").map(({ text }) => text), ["two"]);
  const out = lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
  assertEquals(out, ["one", "x".repeat(40_000), "after"]);
  assert(lines.every(({ replica, time }) => replica === "web.1.1" && /^\d{4}-.*\.\d{9}Z$/.test(time)));

  const read = async (query: { tail?: number; since?: number }) =>
    (await Array.fromAsync(bench.runtime.logs(replica.id, { follow: false, ...query }, new AbortController().signal)))
      .map(({ text }) => text);
  const [last = "", ...more] = await read({ tail: 1 });
  assert(
    ["after", "two"].includes(last) && more.length === 0,
    "the last line of stdout or of stderr: their order is not kept",
  );
  assertEquals(await read({ since: Date.now() / 1000 + 5 }), []);
  assertEquals((await read({})).length, 4);
});
