import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { type Attack, check } from "./attacks/attack.ts";
import { Attacker, knownKeys, OWN } from "./attacks/attacker.ts";
import { fuzz } from "./attacks/fuzz.ts";
import { GATE_QUESTIONS } from "./attacks/gate_questions.ts";
import { JSON_BOMBS } from "./attacks/json_bombs.ts";
import { MANIFESTS } from "./attacks/manifests.ts";
import { RAW_REQUESTS } from "./attacks/raw_requests.ts";
import { ROLES } from "./attacks/roles.ts";
import { SIGNATURES } from "./attacks/signatures.ts";
import { SlowClients } from "./attacks/slow_clients.ts";
import { auditOf, forgetPeak, listing, type Parts, partsOf, peakMemory } from "./attacks/traces.ts";
import { UPLOADS } from "./attacks/uploads.ts";
import { look, owned } from "./engine.ts";
import { sharedServer, succeeded } from "./lab.ts";

// Everything that somebody with a network, or with a key that may push one service, tries on a server that runs.

const server = sharedServer({ supervisor: "none" });
const GOOD = { name: "good", options: { domain: "good.test" }, app: { TEXT: "good" } };
/**
 * The most memory that each part may take, in MiB. The daemon reads what somebody who may push says is a manifest as a
 * whole: eight times 4 MB of JSON at the same time.
 */
const MOST_MEMORY = { daemon: 500, receiver: 150 } as const;

interface Scene {
  readonly attacker: Attacker;
  readonly parts: Parts;
  readonly files: readonly string[];
  readonly keys: ReadonlyMap<string, string>;
}
let prepared: Promise<Scene> | undefined;

/** The server before the attacks, with a service that runs. */
function scene(): Promise<Scene> {
  return prepared ??= prepare();
}

async function prepare(): Promise<Scene> {
  succeeded(await server().push(GOOD));
  const attacker = await Attacker.of(server());
  const parts = await partsOf(server());
  for (const pid of [parts.daemon, parts.receiver]) await forgetPeak(pid);
  return { attacker, parts, files: await files(), keys: await knownKeys(server()) };
}

/** All that the server has on disk, but what it counts in and what may be sent to it. */
function files(): Promise<readonly string[]> {
  const { database, spool, root } = server().layout;
  // The daemon keeps the manifests of the good pushes.
  return listing(root, [database, `${spool}/`, `${root}/var/lib/mypaas/manifests/good/`]);
}

const TABLES: Readonly<Record<string, readonly Attack[]>> = {
  "what is asked at the gate": GATE_QUESTIONS,
  "large and odd JSON": JSON_BOMBS,
  "manifests": MANIFESTS,
  "requests as nobody writes them": RAW_REQUESTS,
  "every command, by those who may not do it": ROLES,
  "signatures": SIGNATURES,
  "uploads": UPLOADS,
};
/** Attacks at the same time: fewer than one address may have requests. */
const SIDE_BY_SIDE = 8;

for (const [what, attacks] of Object.entries(TABLES)) {
  Deno.test(`attacks, ${what}: each of ${attacks.length} is refused`, async () => {
    const { attacker } = await scene();
    const failures: string[] = [];
    const turns = attacks.values();
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const { name, send, expect } of turns) {
        try {
          check(await send(attacker), expect);
        } catch (error) {
          failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }));
    assertEquals(failures, []);
  });
}

Deno.test("ten seconds of requests that are nearly good are answered as they should be", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const { attacker } = await scene();
  const { requests, failures } = await fuzz(attacker, { seed, seconds: 10 });
  // Again: scripts/bench/fuzz --seed SEED --requests 1
  assertEquals(failures.slice(0, 3), []);
  assertGreater(requests, 200);
});

Deno.test("slow clients are given up after a few seconds, and keep nobody out: a good push beside them succeeds", async () => {
  const { attacker } = await scene();
  const begun = "POST /v1/login HTTP/1.1\r\nHost: {host}\r\n";
  const half = `${begun}Content-Length: 4000\r\n\r\n{`;
  using _heads = await SlowClients.connect(attacker, 100, { beginning: `${begun}X-A: b`, door: "traefik" });
  using _bodies = await SlowClients.connect(attacker, 100, { beginning: half, door: "traefik" });
  using logins = await SlowClients.connect(attacker, 10, { beginning: half, door: "receiver" });
  assertEquals([...new Set(await logins.answered(10_000))], [413], "logins are told why");
  const upload = half.replace("POST /v1/login", `PUT /v1/blobs?service=${OWN}`);
  using uploads = await SlowClients.connect(attacker, 100, { beginning: upload, door: "receiver" });
  assertEquals([...new Set(await uploads.answered(10_000))].sort(), [401, 429], "uploads are told why");
  succeeded(await server().push({ ...GOOD, app: { TEXT: "beside slow clients" } }));
  assertEquals((await server().get("good.test")).text, "beside slow clients");
});

Deno.test("after the attacks hello is answered quickly, and no part has died or grown", async () => {
  const { attacker, parts } = await scene();
  const hello = await attacker.unsigned({ where: "GET /v1/hello" });
  assertEquals(hello.status, 200);
  assertLess(hello.ms, 1000);
  assertEquals(await partsOf(server()), parts);
  for (const part of ["daemon", "receiver"] as const) {
    const peak = await peakMemory(parts[part]);
    assertLess(peak, MOST_MEMORY[part], `the ${part} took ${peak} MiB`);
  }
});

Deno.test("after the attacks nothing is written outside of the spool, and in it only blobs of the services", async () => {
  const before = (await scene()).files;
  assertEquals(await files(), before);
  const { spool } = server().layout;
  const stored = (await listing(spool, [])).filter((line) => !line.includes(" folder "));
  const blob = new RegExp(`^${spool}/(good|${OWN})/([0-9a-f]{2})/\\2[0-9a-f]{62} file of \\d+ 100600 65532$`);
  assertEquals(stored.filter((line) => !blob.test(line)), []);
});

Deno.test("after the attacks nobody has a key more, and nothing was built", async () => {
  const { keys } = await scene();
  assertEquals(await knownKeys(server()), keys);
  const { images } = await owned(server().serverId);
  assertEquals(images.filter((image) => image.startsWith(`${OWN}:`)), []);
});

Deno.test("after the attacks the audit has counted the refusals, in lines of bounded length and number", async () => {
  await scene();
  const { refusals, refusalLines, longest, addresses } = auditOf(server());
  assertGreater(refusals, 100);
  assertLess(refusalLines, 2 * refusals / 3);
  assertLess(longest, 1500);
  assertEquals(addresses.filter((address) => address.startsWith("203.0.113.")), [], "no client names its own address");
});

Deno.test("after the attacks no part has told of a bug of its own", async () => {
  await scene();
  const log = await Deno.readTextFile(server().daemonLog);
  assertEquals(trace(log), undefined, log.slice(-3000));
  const receiver = await look(`/containers/${server().names.receiver}/logs?stdout=1&stderr=1&tail=50`);
  assertEquals(trace(receiver), undefined, receiver.slice(-3000));
});

/** A stack trace in a log, which is our bug. */
function trace(log: string): string | undefined {
  return /[^\n]*\n\s+at \S[^\n]*/.exec(log)?.[0];
}

Deno.test("after the attacks a good push goes live", async () => {
  await scene();
  succeeded(await server().push({ ...GOOD, app: { TEXT: "after all" } }));
  assertEquals((await server().get("good.test")).text, "after all");
  assert((await knownKeys(server())).size > 0);
  assertStringIncludes(succeeded(await server().run(["ps"])).stdout, "good");
});
