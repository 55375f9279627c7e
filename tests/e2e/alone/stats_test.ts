import { assert, assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { plainText } from "../../../src/client/plain_text.ts";
import { waitUntil } from "../../../src/wait.ts";
import { type GroupNumbers, groupNumbers } from "../control_group.ts";
import { containersOf, inspect, stopContainer } from "../engine.ts";
import { jsonLines, MYPAAS, sharedServer, succeeded } from "../lab.ts";
import { Load } from "../load.ts";
import { PtyProgram } from "../pty.ts";

const server = sharedServer();
/** What begins each frame after the way up. */
const CLEAR = "\r\x1b[J";

/** Characters of the longest line that a terminal was sent. */
function widest(shown: string): number {
  return Math.max(...shown.split("\n").map((line) => [...plainText(line)].length));
}

/** A site that does nothing. */
async function deployPage(): Promise<void> {
  succeeded(await server().push({ name: "page", options: { domain: "page.test" }, app: { TEXT: "page" } }));
}

/** Where the rates do not matter. */
const QUICK = ["--interval", "200ms"];

/** A number within 5 % of another. */
function assertAgree(what: string, shown: unknown, measured: number): void {
  console.log(`${what}: shown ${shown}, measured ${measured}`);
  assert(Math.abs(Number(shown) - measured) <= 0.05 * measured, `${what}: shown ${shown}, measured ${measured}`);
}

/** The one line of `mypaas stats --json SERVICE`. */
async function statsOf(service: string, ...flags: string[]): Promise<Readonly<Record<string, unknown>>> {
  const [line = {}] = jsonLines(succeeded(
    await server().client(["stats", service, "--json", ...flags], {
      ...server().laptop(),
      MYPAAS_SERVER: "lab",
    }),
  ));
  return line;
}

/** The lines of `mypaas stats --watch --json SERVICE` up to a Ctrl-C after so many of them. */
async function watch(
  service: string,
  { lines, interval }: { readonly lines: number; readonly interval: string },
  onLine: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const program = new Deno.Command(MYPAAS, {
    args: ["--root", server().root, "stats", service, "--watch", "--interval", interval, "--json"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let stdout = "";
  for await (const text of program.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    await onLine();
    if (stdout.split("\n").length === lines + 1) program.kill("SIGINT");
  }
  const { code } = await program.status;
  return jsonLines(succeeded({ code, stdout, stderr: "" }));
}

/** The process of a service's only container. */
async function pidOf(service: string): Promise<number> {
  return await waitUntil(async () => {
    const [only, ...more] = await containersOf(server().serverId, service);
    return more.length === 0 && only?.State.Pid;
  }, { what: `${service} has one container`, timeoutMs: 10_000 });
}

Deno.test("stats tells the requests, the rate and the errors that a load has sent", async () => {
  succeeded(await server().push({ name: "shop", options: { domain: "shop.test", scale: 2 }, app: { TEXT: "shop" } }));
  const before = await statsOf("shop", ...QUICK);
  const good = server().load("shop.test", 60);
  // A file that is not there is a 502 of the app.
  const bad = new Load(`${server().url}/read?file=/none`, { host: "shop.test", rate: 40 });
  await waitUntil(async () => Number((await statsOf("shop", ...QUICK))["requestsPerSecond"]) > 80, {
    what: "both loads have begun",
    timeoutMs: 20_000,
  });
  const during = await statsOf("shop", "--interval", "3s");
  const [sent, failed] = await Promise.all([good.stop(), bad.stop()]);
  assertEquals([sent.failed, failed.failed], [0, failed.sent]);
  assertAgree("requests per second", during["requestsPerSecond"], 100);
  assertAgree("percent of errors", during["errorPercent"], 40);
  const after = await statsOf("shop", ...QUICK);
  const since = (counted: string) => Object(after["requests"])[counted] - Object(before["requests"])[counted];
  assertAgree("requests", since("total"), sent.sent + failed.sent);
  assertAgree("answers 2xx", since("2xx"), sent.sent);
  assertAgree("answers 5xx", since("5xx"), failed.sent);
  assertEquals([after["replicas"], after["scale"], after["requestsPerSecond"]], [2, 2, 0]);
});

Deno.test("stats tells memory and its limit as the control group does", async () => {
  const options = { domain: "big.test", maxmem: "128m" };
  succeeded(await server().push({ name: "big", options, app: { TEXT: "big", ALLOC: "64" } }));
  const pid = await pidOf("big");
  const { memoryBytes, memoryLimitBytes } = await statsOf("big", ...QUICK);
  assertAgree("memory", memoryBytes, (await groupNumbers(pid)).memoryBytes);
  assertEquals([Number(memoryBytes) > 64 * 2 ** 20, memoryLimitBytes], [true, 128 * 2 ** 20]);
});

Deno.test("stats tells CPU as the control group does", async () => {
  const folder = `${server().folder}/projects/busy`;
  await Deno.mkdir(folder, { recursive: true });
  const options = ["# mypaas.servicename = busy", "# mypaas.maxcpu = 0.5"];
  const command = `CMD ["sh", "-c", "trap exit TERM; while :; do :; done"]`;
  await Deno.writeTextFile(`${folder}/Dockerfile`, [...options, "FROM busybox", command, ""].join("\n"));
  succeeded(await server().run(["deploy", folder]));
  const pid = await pidOf("busy");
  const measured: GroupNumbers[] = [];
  const lines = await watch("busy", { lines: 5, interval: "1s" }, async () => {
    measured.push(await groupNumbers(pid));
  });
  const [first, last] = [measured[0], measured.at(-1)];
  assert(first !== undefined && last !== undefined);
  const shown = lines.slice(1).map(({ cpus }) => Number(cpus));
  assertAgree(
    "CPUs",
    shown.reduce((sum, one) => sum + one, 0) / shown.length,
    1000 * (last.cpuSeconds - first.cpuSeconds) / (last.at - first.at),
  );
  assert(shown.every((one) => one > 0.1 && one < 0.6), `a limit of 0.5: ${shown}`);
  assertEquals([lines[0]?.["requests"], lines[0]?.["memoryLimitBytes"]], [undefined, undefined]);
  const [container] = await containersOf(server().serverId, "busy");
  // It would take the CPU from the tests after this.
  await stopContainer(container?.Id ?? "");
});

Deno.test("stats prints a table, in appended lines where there is no terminal", async () => {
  await deployPage();
  const { stdout } = succeeded(await server().run(["stats", "page", ...QUICK]));
  assertMatch(stdout, /^SERVICE +REPLICAS +CPU +MEM\/LIMIT +REQ\/S +ERR +REQUESTS\npage +1\/1 +0\.0\d +[\d.]+ [kM]B +/);
  const unknown = await server().run(["stats", "none", ...QUICK]);
  assertEquals(unknown.code, 1);
  assertStringIncludes(unknown.stderr, 'Cannot show the load of "none": there is no such service');
  const lines = await watch("page", { lines: 3, interval: "300ms" });
  assert(lines.every(({ service, cpus }) => service === "page" && Number(cpus) >= 0), JSON.stringify(lines));
});

Deno.test("stats --watch draws over itself on a terminal, with sparklines, and ends well at Ctrl-C", async () => {
  await deployPage();
  const terminal = new PtyProgram([MYPAAS, "--root", server().root, "stats", "page", "--watch", "--interval", "300ms"]);
  await terminal.until("a first frame", (shown) => shown.includes("page"));
  await server().get("page.test");
  await terminal.until("three frames", (shown) => shown.split(`\x1b[2A${CLEAR}`).length >= 4);
  await terminal.until("bars", (shown) => /[▁▂▃▄▅▆▇]█|█[▁▂▃▄▅▆▇]/.test(shown));
  await terminal.type("\x03");
  assertEquals(await terminal.end(), 0, terminal.shown);
  assertLessOrEqual(widest(terminal.shown), 100);
});

Deno.test("ps --watch draws over itself on a terminal, and ends well at Ctrl-C", async () => {
  const env = { ...server().laptop(), MYPAAS_SERVER: "lab" };
  await deployPage();
  const terminal = new PtyProgram([MYPAAS, "ps", "--watch"], { columns: 40, env });
  await terminal.until("two frames", (shown) => shown.split(CLEAR).length >= 3);
  await terminal.type("\x03");
  assertEquals(await terminal.end(), 0, terminal.shown);
  assertMatch(terminal.shown, /SERVICE +RELEASE +STATUS/);
  assertLessOrEqual(widest(terminal.shown), 40);
});

Deno.test("nobody without the password reads Traefik's counters, and no service reaches them", async () => {
  await deployPage();
  const traefik = await inspect(server().names.traefik);
  const address = (network: "admin" | "ingress") =>
    traefik.NetworkSettings.Networks[server().names.networks[network]]?.IPAddress ?? "";
  const settings = parse(await Deno.readTextFile(server().layout.settings));
  const password = String(Object(settings).apiPassword);
  const url = `http://${address("admin")}:8080/metrics`;
  const status = async (credentials: string) => {
    const response = await fetch(url, { headers: { authorization: `Basic ${btoa(credentials)}` } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await status("mypaas:wrong"), await status(`mypaas:${password}`)], [401, 200]);
  assertEquals((await server().get("page.test", "/metrics")).text, "page");
  assertEquals((await server().get("unknown.test", "/metrics")).status, 404);
  for (const target of [url, `http://${address("ingress")}:8080/metrics`]) {
    const answer = await server().get("page.test", `/fetch?url=${encodeURIComponent(target)}`);
    assertEquals(answer.status, 502, `${target}: ${answer.text}`);
    assertMatch(answer.text, /refused|Timeout|deadline/);
  }
});
