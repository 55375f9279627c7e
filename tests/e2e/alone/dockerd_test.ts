import { assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { jsonLines, succeeded, TestServer } from "../lab.ts";
import { OwnDocker } from "../own_docker.ts";

/** Requests per second to each service. */
const RATE = 40;
/** From the moment in which Docker answers again. */
const RECOVERY_MS = 15_000;

let docker: OwnDocker;
let server: TestServer;

Deno.test.beforeAll(async () => {
  docker = await OwnDocker.start();
  server = await TestServer.start({ supervisor: "none", on: docker });
  for (const ran of await Promise.all([0, 2].map((scale) => server.push(project(scale, "first"))))) succeeded(ran);
});

Deno.test.afterAll(async () => {
  // The server's processes go with it.
  await docker?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

function project(scale: number, text: string, app: Record<string, string> = {}) {
  return { name: `scale${scale}`, options: { domain: `scale${scale}.test`, scale }, app: { TEXT: text, ...app } };
}

interface Listed {
  readonly Names: readonly string[];
  readonly State: string;
  readonly Id: string;
}

/** The containers, with the time of their start. */
async function containers(): Promise<ReadonlyMap<string, string>> {
  const listed = await docker.look<readonly Listed[]>("/containers/json?all=true");
  const each = listed.map(async ({ Names, State, Id }) => {
    const { State: { StartedAt } } = await docker.look<{ State: { StartedAt: string } }>(`/containers/${Id}/json`);
    return [Names[0] ?? "", State === "running" ? StartedAt : State] as const;
  });
  return new Map(await Promise.all(each));
}

/** Waits until the services answer, `ps` says that they are live, and every container runs. */
async function untilWhole(): Promise<void> {
  await waitUntil(async () => {
    const states = [...(await containers()).values()];
    if (states.length !== 5 || !states.every((state) => state.startsWith("2"))) return false;
    for (const scale of [0, 2]) {
      const answer = await server.get(`scale${scale}.test`, "/", 2000).catch(() => undefined);
      if (answer?.status !== 200) return false;
    }
    const rows = jsonLines(await server.run(["ps", "--json"])).flat();
    return rows.length === 2 && rows.every(({ status }) => status === "live");
  }, { what: "all is whole again", timeoutMs: 60_000, intervalMs: 100 });
}

for (
  const [what, signal, liveRestore] of [
    ["a restart of dockerd", "TERM", false],
    ["kill -9 of dockerd", "KILL", false],
    ["a restart of dockerd with live-restore", "TERM", true],
    ["kill -9 of dockerd with live-restore", "KILL", true],
  ] as const
) {
  Deno.test(`after ${what} everything comes back by itself`, async () => {
    await docker.setLiveRestore(liveRestore);
    const before = await containers();
    const told = (await Deno.readTextFile(server.daemonLog)).length;
    const loads = [0, 2].map((scale) => server.load(`scale${scale}.test`, RATE));
    await docker.endEngine(signal);
    await waitUntil(async () => (await newLog(told)).includes("waiting for Docker"), {
      what: "the daemon says that Docker is away",
      timeoutMs: 5000,
    });
    await docker.startEngine();
    const begin = performance.now();
    await untilWhole();
    const wholeAt = Date.now();
    const recovery = performance.now() - begin;
    const results = await Promise.all(loads.map((load) => load.stop()));
    for (const [index, { sent, failed, longestGap }] of results.entries()) {
      const gap = (longestGap / 1000).toFixed(1);
      console.log(`${what}: scale ${index * 2}: ${failed} of ${sent} failed, longest gap ${gap} s`);
    }
    console.log(`${what}: whole ${(recovery / 1000).toFixed(1)} s after Docker answers`);
    assertLessOrEqual(recovery, RECOVERY_MS);
    assertEquals(results.flatMap(({ requests }) => requests).filter(({ at, ok }) => at > wholeAt && !ok), []);
    assertStringIncludes(await newLog(told), "Docker answers again");
    if (liveRestore) assertEquals(await containers(), before, "no container was touched");
  });
}

/** What the daemon has said since. */
async function newLog(from: number): Promise<string> {
  return (await Deno.readTextFile(server.daemonLog)).slice(from);
}

Deno.test("a deploy in which dockerd is killed says so, and the old release is put back", async () => {
  const deploy = server.push(project(0, "cut", { BOOT: "2s" }));
  await waitUntil(async () => String((await releases("scale0"))[0]?.["step"]).startsWith("await-ready"), {
    what: "it boots",
    timeoutMs: 20_000,
  });
  await docker.endEngine("KILL");
  const ran = await deploy;
  await docker.startEngine();
  assertEquals(ran.code, 1, ran.stderr);
  // A request that was on its way is cut, a later one finds nobody.
  assertMatch(
    ran.stderr,
    /error: Cannot [^\n]+: (nothing answers at "\/var\/run\/docker.sock"|the connection to Docker broke)/,
  );
  assertStringIncludes(ran.stderr, "Release 1 is being put back: look with mypaas ps.");
  await untilWhole();
  assertEquals((await server.get("scale0.test")).text, "first");
  // Whether requests wait for it is seen on its container, so it is marked when Docker is back.
  assertEquals((await releases("scale0")).map(({ status }) => status), ["interrupted", "live"]);
});

/** The newest first. */
async function releases(service: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return jsonLines(succeeded(await server.run(["history", service, "--json"])));
}

Deno.test("a build that fills the disk, or finds it full, ends with a sentence and a hint, and the old release serves", async () => {
  const big = {
    ...project(2, "big"),
    from: "busybox:latest",
    instructions: ["RUN dd if=/dev/zero of=/big bs=1M count=60"],
  };
  const ends = [
    // So much is used by the steps before it.
    { free: 20 << 20, code: 4, error: /error: Cannot build "scale2": (no space is left|\[3\/3\] RUN dd)[^\n]*\n/ },
    // It is not even begun.
    { free: 1 << 20, code: 1, error: /error: Cannot deploy "scale2": the disk is full\n/ },
  ];
  for (const { free, code, error } of ends) {
    await docker.setFree(free);
    const ran = await server.push(big);
    assertEquals(ran.code, code, ran.stderr);
    assertMatch(ran.stderr, error);
    assertMatch(ran.stderr, /hint: {2}[^\n]*docker system df/);
    if (code === 4) assertStringIncludes(ran.stderr, "Release 1 still serves.");
    assertEquals((await server.get("scale2.test")).text, "first");
  }
  await docker.setFree(500 << 20);
  succeeded(await server.push(big));
  assertEquals((await server.get("scale2.test")).text, "big");
});
