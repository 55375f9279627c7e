import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { parseDraftSettings } from "../../src/setup/settings_file.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { containersOf, exec, look } from "./engine.ts";
import { onTerminal, piped } from "./input.ts";
import { jsonLines, MYPAAS, type Ran, runProgram, sharedServer, succeeded } from "./lab.ts";
import { writeSqliteProject } from "./sqlite_project.ts";
import { takeSubnets } from "./taken_subnets.ts";

const server = sharedServer();

/** Requests per second to each service. */
const RATE = 40;
const PASSPHRASE = "correct horse battery";
const SECRET = `s3cret-${crypto.randomUUID()}`;
const NOTE = `note-${crypto.randomUUID()}`;
const BLOG = {
  name: "blog",
  options: { domain: "blog.test", scale: 2, env: "TOKEN@file" },
  app: { TEXT: "blog 1" },
};

function path(name = "backup"): string {
  return `${server().folder}/${name}`;
}

function mypaas(...args: readonly string[]): Promise<Ran> {
  return runProgram(["--root", server().root, ...args], { MYPAAS_PASSPHRASE: PASSPHRASE });
}

async function page(host: string, at = "/"): Promise<string> {
  return (await server().get(host, at)).text;
}

/** Asks SQLite inside the running service. */
async function query(sql: string): Promise<string> {
  const [container] = await containersOf(server().serverId, "shop");
  const { code, output } = await exec(container?.Id ?? "", ["/sqlite3", "-cmd", ".timeout 20000", "/data/db", sql]);
  assertEquals(code, 0, output);
  return output.trim();
}

async function settings() {
  const { settings } = server().layout;
  return parseDraftSettings(await Deno.readTextFile(settings), settings);
}

/** How the containers of the service with the database are, such as `running`. */
async function states(): Promise<readonly string[]> {
  const listed: { State: string }[] = JSON.parse(
    await look(`/containers/json?all=true&filters=${
      encodeURIComponent(
        JSON.stringify({ label: [`mypaas.instance=${server().serverId}`, "mypaas.service=shop"] }),
      )
    }`),
  );
  return listed.map(({ State }) => State);
}

Deno.test.beforeAll(async () => {
  succeeded(await piped(SECRET, ["env", "set", "blog", "TOKEN", "--secret", "--server", "lab"], server().laptop()));
  succeeded(await server().push(BLOG));
  succeeded(await server().client(["push", "lab", await writeSqliteProject(`${server().folder}/projects/shop`)]));
  assertEquals((await server().get("shop.test", `/write?file=/notes/note&text=${NOTE}`)).status, 200);
  await Deno.writeTextFile(`${server().layout.acme}/acme-other.json`, '{"of":"another authority"}', { mode: 0o600 });
});

Deno.test("a backup under load fails no request, and shows nothing without its passphrase", async () => {
  const before = Number(await query("SELECT count(*) FROM a"));
  const loads = ["blog.test", "shop.test"].map((host) => server().load(host, RATE));
  await waitUntil(async () => Number(await query("SELECT count(*) FROM a")) > before + 20, {
    what: "it is written under load",
    timeoutMs: 30_000,
  });
  const ran = succeeded(await mypaas("backup", path(), "--json"));
  const results = await Promise.all(loads.map((load) => load.stop()));
  const [told] = jsonLines(ran);
  console.log(`backup: ${ran.stdout.trim()}`);
  for (const { failed, failures, sent, max } of results) {
    console.log(`backup: ${failed} of ${sent} requests failed, the slowest took ${max.toFixed(0)} ms`);
    assertEquals(failed, 0, JSON.stringify(failures));
  }
  assertEquals(told?.["services"], ["blog", "shop"]);
  assertEquals((told?.["volumes"] as string[]).map((name) => name.replace(/^[0-9a-f]{6}-/, "")).sort(), [
    "shop.data",
    "~/notes",
  ]);
  assertEquals((told?.["images"] as string[]).map((name) => name.replace(/^mypaas-[0-9a-f]{6}/, "")), [
    "/blog:1",
    "/shop:1",
  ]);
  assertEquals(told?.["warnings"], []);
  assertEquals(await states(), ["running"]);
  const { mode, size } = await Deno.stat(path());
  assertEquals([(mode ?? 0) & 0o777, size], [0o600, told?.["bytes"]]);
  for (const mark of [SECRET, NOTE, PASSPHRASE, "blog.test", "mypaas.servicename"]) {
    const grep = await new Deno.Command("grep", { args: ["-cF", mark, path()] }).output();
    assertEquals(new TextDecoder().decode(grep.stdout).trim(), "0", mark);
  }
  const left = (await Array.fromAsync(Deno.readDir(server().folder))).map(({ name }) => name);
  assertEquals(left.filter((name) => name.includes("backup")), ["backup"]);
  assertEquals(await Deno.stat(server().layout.backup).catch(() => "gone"), "gone");
});

Deno.test("a backup goes to standard output, and is read from standard input", async () => {
  const script = '"$0" --root "$1" backup - --json 2>"$2" | "$0" restore --check - --json';
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-o", "pipefail", "-c", script, MYPAAS, server().root, path("told")],
    env: { MYPAAS_PASSPHRASE: PASSPHRASE },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const [told] = jsonLines({ code: 0, stdout: new TextDecoder().decode(stdout), stderr: "" });
  assertEquals(told?.["services"], ["blog", "shop"]);
  assertStringIncludes(await Deno.readTextFile(path("told")), '"file":"-"');
});

Deno.test("a backup is refused with a sentence: another passphrase, an end that is missing, a server that is one", async () => {
  const wrong = await runProgram(["restore", "--check", path()], { MYPAAS_PASSPHRASE: "another one" });
  assertEquals([wrong.code, wrong.stderr.split("\n")[0]], [
    1,
    `error: Cannot read the backup "${path()}": the passphrase is wrong`,
  ]);
  const none = await runProgram(["restore", "--check", path()]);
  assertEquals([none.code, none.stderr.split("\n")[0]], [
    2,
    "error: Cannot ask for the passphrase: standard input is no terminal",
  ]);
  await Deno.copyFile(path(), path("cut"));
  await Deno.truncate(path("cut"), (await Deno.stat(path())).size - 30);
  const cut = await mypaas("restore", "--check", path("cut"));
  assertEquals([cut.code, cut.stderr.split("\n")[0]], [
    1,
    `error: Cannot read the backup "${path("cut")}": it ends too early`,
  ]);
  const here = await mypaas("restore", path());
  assertStringIncludes(here.stderr, "Cannot restore here: this machine is a server already");
  const short = await runProgram(["--root", server().root, "backup", path("none")], { MYPAAS_PASSPHRASE: "short" });
  assertEquals(short.code, 2);
  const typed = await onTerminal(["--root", server().root, "backup", path("none")], [
    ["passphrase: ", `${PASSPHRASE}\r`],
    ["once more: ", "something else\r"],
  ]);
  assertStringIncludes(typed, "Cannot use the passphrase: it was typed differently the second time");
  assertEquals(typed.includes(PASSPHRASE), false, "it was shown");
  assertEquals(await Deno.stat(path("none")).catch(() => "gone"), "gone");
});

for (const [what, killed] of [["who copies", "curl"], ["the daemon", "daemon"]] as const) {
  Deno.test(`kill -9 of ${what} leaves no service standing still, and its requests are answered`, async () => {
    await server().untilDaemonAnswers();
    const socket = server().layout.daemonSocket;
    const copies = new Deno.Command("curl", {
      args: ["-sN", "--unix-socket", socket, "-X", "POST", "http://daemon/v1/still?service=shop"],
      stdout: "null",
    }).spawn();
    await waitUntil(async () => (await states())[0] === "paused", { what: "it stands still", timeoutMs: 30_000 });
    const visit = server().get("shop.test");
    Deno.kill(killed === "curl" ? copies.pid : await server().daemonPid(), "SIGKILL");
    await waitUntil(async () => (await states())[0] === "running", { what: "it goes on", timeoutMs: 30_000 });
    assertEquals((await within(visit, { what: "the visit is answered", timeoutMs: 30_000 })).text, "shop 1");
    await copies.status;
  });
}

Deno.test("a backup restored where nothing is serves the same: pages, secrets, volumes, keys, on other networks", async () => {
  const { networks: before } = await settings();
  const { acme, certificate, restore } = server().layout;
  const oldCertificate = await Deno.readTextFile(certificate);
  succeeded(await server().run(["uninstall", "--data"]));
  // The new networks cannot be as the old ones.
  {
    await using _taken = await takeSubnets(Object.values(before).map((network) => network?.subnet ?? ""));
    await restoredAfterCuts();
  }
  const { networks: after } = await settings();
  for (const key of ["internal", "ingress", "entry", "admin"] as const) {
    assertNotEquals(after[key]?.subnet, before[key]?.subnet);
  }
  assertEquals(await Deno.stat(restore).catch(() => "gone"), "gone");
  assertEquals(await Deno.readTextFile(certificate), oldCertificate);
  assertEquals(await Deno.readTextFile(`${acme}/acme-other.json`), '{"of":"another authority"}');
  assertEquals(await page("blog.test"), "blog 1");
  assertEquals(await page("blog.test", "/read?file=/run/secrets/TOKEN"), SECRET);
  assertEquals(await page("shop.test", "/read?file=/notes/note"), NOTE);
  const found = await query(
    "PRAGMA integrity_check; SELECT count(*) > 1020, count(*) = max(id) FROM a; SELECT count(*) FROM a JOIN b USING (id) WHERE a.value <> b.value;",
  );
  assertEquals(found.split("\n"), ["ok", "1|1", "0"]);
  assertEquals(await query("SELECT (SELECT count(*) FROM a) - (SELECT count(*) FROM b)"), "0");
  // The laptop of before.
  const rows = jsonLines(succeeded(await server().client(["ps", "--server", "lab", "--json"]))).flat();
  assertEquals(rows.map(({ service, status, release }) => [service, status, release]), [
    ["blog", "live", 1],
    ["shop", "live", 1],
  ]);
  succeeded(await server().push({ ...BLOG, app: { TEXT: "blog 2" } }));
  assertEquals(await page("blog.test"), "blog 2");
  succeeded(await server().client(["rollback", "blog", "--server", "lab"]));
  assertEquals(await page("blog.test"), "blog 1");
});

/** Restores, after attempts that came to nothing. */
async function restoredAfterCuts(): Promise<void> {
  const flags = ["--address", "127.0.0.1"];
  const cut = await mypaas("restore", path("cut"), ...flags);
  assertStringIncludes(cut.stderr, "it ends too early");
  const init = await server().init();
  assertStringIncludes(init.stderr, "Cannot set up this server: a restore began here and is not done");
  const killed = new Deno.Command(MYPAAS, {
    args: ["--root", server().root, "restore", path(), ...flags],
    env: { MYPAAS_PASSPHRASE: PASSPHRASE },
    stderr: "piped",
  }).spawn();
  let told = "";
  for await (const text of killed.stderr.pipeThrough(new TextDecoderStream())) {
    told += text;
    if (told.includes("create network")) killed.kill("SIGKILL");
  }
  await killed.status;
  assertMatch(told, /take away what a restore that was cut off has brought\n[^]*bring the state/);
  const begin = performance.now();
  const ran = mypaas("restore", path(), "--json", ...flags);
  let first: number | undefined;
  await waitUntil(async () => {
    const answer = await server().get("blog.test", "/", 2000).catch(() => undefined);
    if (answer?.status === 200) first = performance.now() - begin;
    return first;
  }, { what: "the first page comes", timeoutMs: 120_000, intervalMs: 50 });
  const again = succeeded(await ran);
  assertStringIncludes(again.stderr, "go on with the restore that was cut off");
  const [, last] = jsonLines(again);
  console.log(
    `restore, the rest of it: first page after ${((first ?? 0) / 1000).toFixed(1)} s, ${JSON.stringify(last)}`,
  );
  assertEquals([last?.["down"], last?.["notes"]], [[], []]);
}
