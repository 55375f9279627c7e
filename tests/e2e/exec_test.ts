import { assertEquals, assertMatch } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { Database } from "../../src/state/database.ts";
import { SqliteAuditLog } from "../../src/state/audit_log.ts";
import { inspect, owned } from "./engine.ts";
import { jsonLines, MYPAAS, sharedServer, succeeded } from "./lab.ts";
import { begin, deployWork, openShell, runWithInput } from "./work_service.ts";

const server = sharedServer({ supervisor: "none" });

const run = (...args: readonly string[]) => server().run(args);
const start = (...args: readonly string[]) => begin(server(), args);
const piped = (args: readonly string[], input: Uint8Array) => runWithInput(server(), args, input);
const oneOffs = async () => (await owned(server().serverId)).containers.filter((name) => name.includes(".run-"));

/** Hears SIGINT and goes on. */
const STUBBORN = "trap 'echo not yet' INT; echo begins; sleep 1003 & while :; do wait; done";

/** `mypaas` as it is typed. */
const typed = () => `${MYPAAS} --root ${server().root}`;

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test.beforeAll(() => deployWork(server()));

Deno.test("exec passes stdout, stderr and the exit code of the command on", async () => {
  const ran = await run("exec", "work", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
  assertEquals(ran, { code: 7, stdout: "out\n", stderr: "err\n" });
  const there = await run(
    "exec",
    "-u",
    "65534",
    "-w",
    "/pages",
    "-e",
    "SHAPE=square",
    "work",
    "--",
    "sh",
    "-c",
    [
      "id -u",
      "pwd",
      "echo $COLOUR $SHAPE",
    ].join("; "),
  );
  assertEquals([there.code, there.stdout], [0, "65534\n/pages\nblue square\n"], there.stderr);
});

Deno.test("exec -i hands standard input on, and its end", async () => {
  const ran = await piped(["exec", "-i", "work", "--", "cat"], new TextEncoder().encode("hi\n"));
  assertEquals([ran.code, ran.stdout], [0, "hi\n"], ran.stderr);
  // Who does not read its input to the end ends all the same.
  assertEquals((await piped(["exec", "-i", "work", "--", "true"], new Uint8Array(1 << 20))).code, 0);
});

Deno.test("exec loses nothing of 10 MiB, in neither direction", async () => {
  const sum = await run("exec", "work", "--", "sha256sum", "/big");
  const big = await piped(["exec", "work", "--", "cat", "/big"], new Uint8Array());
  assertEquals([big.code, big.bytes.length], [0, 10 << 20], big.stderr);
  assertEquals(await digest(big.bytes), sum.stdout.split(" ")[0]);
  const back = await piped(["exec", "-i", "work", "--", "sha256sum"], big.bytes);
  assertEquals(back.stdout.split(" ")[0], sum.stdout.split(" ")[0]);
});

Deno.test("exec -it is a real terminal: its size follows, Ctrl-C ends the program and not the shell, ctrl-p passes", async () => {
  const { pty, device } = await openShell();
  await using _ = pty;
  await pty.type("before=$(stty -g)\r");
  await pty.type(`${typed()} exec -it work -- sh\r`);
  await pty.shows(/\/ # /);
  await pty.type("tty; stty size\r");
  await pty.shows(/\/dev\/pts\/\d+\r\n24 80\r\n/);
  await pty.resize(device, { rows: 40, columns: 132 });
  await pty.type("until [ \"$(stty size)\" = '40 132' ]; do usleep 10000; done; echo now $(stty size)\r");
  await pty.shows(/now 40 132\r\n/);
  await pty.type("echo begins; sleep 1000\r");
  await pty.shows(/\nbegins\r\n/);
  await pty.type("\x03");
  await pty.shows(/\/ # /);
  await pty.type("echo code $?\r");
  await pty.shows(/\r\ncode 130\r\n/);
  await pty.type("stty raw -echo; printf 'rea'; printf 'dy'; head -c 2 | od -An -tx1; stty -raw echo\r");
  await pty.shows(/ready/);
  await pty.type("\x10x");
  // Nothing here makes a carriage return of the raw newline.
  await pty.shows(/ 10 78\n/);
  await pty.type("exit 7\r");
  await pty.shows(/\npty> /);
  await pty.type('echo ended $?; [ "$(stty -g)" = "$before" ] && echo "as before"\r');
  await pty.shows(/\nended 7\r\nas before\r\n/);
});

Deno.test("Ctrl-C without a terminal in the container ends the command there, and a killed one leaves the terminal usable", async () => {
  const { pty } = await openShell();
  await using _ = pty;
  await pty.type(`${typed()} exec work -- sh -c 'echo begins; sleep 1001; echo goes on'\r`);
  await pty.shows(/\nbegins\r\n/);
  await pty.type("\x03");
  await pty.shows(/pty> /);
  await pty.type("echo ended $?\r");
  await pty.shows(/\nended 130\r\n/);
  assertEquals((await run("exec", "work", "--", "pidof", "sleep")).code, 1);
  await pty.type(`${typed()} exec -it work -- sh -c 'echo $$ is here; sleep 1002'\r`);
  await pty.shows(/\d+ is here/);
  await run("exec", "work", "--", "killall", "-9", "sleep");
  await pty.shows(/pty> /);
  await pty.type("echo ended $?\r");
  await pty.shows(/\nended 137\r\n/);
});

Deno.test("exec ends like a pipe when nobody reads it any more", async () => {
  const child = start("exec", "work", "--", "yes");
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals((await child.status).code, 141);
  await child.stdin.close();
  await child.stderr.cancel();
  assertEquals((await run("exec", "work", "--", "pidof", "yes")).code, 1);
});

Deno.test("run sees the environment and the volume of the release, reaches services by name, and leaves nothing", async () => {
  succeeded(await run("exec", "work", "--", "sh", "-c", "echo kept > /data/file"));
  const before = await owned(server().serverId);
  const ran = await piped(
    [
      "run",
      "-i",
      "-e",
      "SHAPE=flat",
      "work",
      "--",
      "sh",
      "-c",
      "cat; cat /data/file; echo $COLOUR $SHAPE; wget -qO- work; exit 3",
    ],
    new TextEncoder().encode("hi\n"),
  );
  assertEquals([ran.code, ran.stdout], [3, "hi\nkept\nblue flat\npage\n"], ran.stderr);
  assertEquals(await owned(server().serverId), before);
});

Deno.test("run gets no name, no ports, no place in ps, and no visitor", async () => {
  const child = start("run", "work", "--", "sh", "-c", STUBBORN);
  const reader = child.stdout.getReader();
  await reader.read();
  const [name = ""] = await oneOffs();
  const { NetworkSettings: { Networks }, Config } = await inspect(name);
  assertEquals(Object.keys(Networks), [server().names.networks.internal]);
  assertEquals((Networks[server().names.networks.internal]?.Aliases ?? []).includes("work"), false);
  assertEquals(Object.keys(Config.Labels).filter((label) => label.startsWith("traefik.")), []);
  const [work] = jsonLines(await run("ps", "--json"));
  assertEquals((work?.["replicas"] as { name: string }[]).map((replica) => replica.name), ["work.1.1"]);
  child.kill("SIGINT");
  assertEquals(new TextDecoder().decode((await reader.read()).value), "not yet\n");
  child.kill("SIGINT");
  assertEquals((await child.status).code, 137);
  assertEquals(await oneOffs(), []);
  await Promise.all([reader.cancel(), child.stdin.close(), child.stderr.cancel()]);
});

Deno.test("run -it is a real terminal too", async () => {
  const { pty, device } = await openShell();
  await using _ = pty;
  await pty.resize(device, { rows: 33, columns: 99 });
  await pty.type(`${typed()} run -it work -- sh\r`);
  await pty.shows(/\/ # /);
  await pty.type("until [ \"$(stty size)\" = '33 99' ]; do usleep 10000; done; tty; echo $MYPAAS_CONTAINER\r");
  await pty.shows(/\/dev\/pts\/\d+\r\nwork\.1\.run-[0-9a-f]{8}\r\n/);
  await pty.resize(device, { rows: 20, columns: 70 });
  await pty.type("until [ \"$(stty size)\" = '20 70' ]; do usleep 10000; done; echo begins; sleep 1000\r");
  await pty.shows(/\nbegins\r\n/);
  await pty.type("\x03");
  await pty.shows(/\/ # /);
  await pty.type("echo code $?; exit 9\r");
  await pty.shows(/\r\ncode 130\r\npty> /);
  await pty.type("echo ended $?\r");
  await pty.shows(/\nended 9\r\n/);
  assertEquals(await oneOffs(), []);
});

Deno.test("the end of a login ends what was begun in it", async () => {
  for (const [action, code] of [["exec", 129], ["run", 137]] as const) {
    const child = start(action, "work", "--", "sh", "-c", "echo begins; exec sleep 1004");
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGHUP");
    assertEquals((await child.status).code, code);
    await Promise.all([reader.cancel(), child.stdin.close(), child.stderr.cancel()]);
  }
  assertEquals([(await run("exec", "work", "--", "pidof", "sleep")).code, await oneOffs()], [1, []]);
});

Deno.test({
  name: "what a killed run has left is gone when the daemon starts again; one whose program lives goes on",
  // The daemon is replaced.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const [killed, living] = [start("run", "work", "--", "yes"), start("run", "-i", "work", "--", "sh")];
    const writer = living.stdin.getWriter();
    await writer.write(new TextEncoder().encode("echo begins\n"));
    const [reader, output] = [killed.stdout.getReader(), living.stdout.getReader()];
    await Promise.all([reader.read(), output.read()]);
    assertEquals((await oneOffs()).length, 2);
    killed.kill("SIGKILL");
    await killed.status;
    await server().endDaemon("SIGKILL");
    await server().startDaemon();
    await waitUntil(async () => (await oneOffs()).length === 1, { what: "one is removed", timeoutMs: 10_000 });
    await writer.write(new TextEncoder().encode("echo still here; exit 4\n"));
    assertEquals(new TextDecoder().decode((await output.read()).value), "still here\n");
    assertEquals((await living.status).code, 4);
    await Promise.all([killed.stdin.close(), writer.close()].map((closing) => closing.catch(() => {})));
    await Promise.all([reader.cancel(), output.cancel(), killed.stderr.cancel(), living.stderr.cancel()]);
    assertEquals(await oneOffs(), []);
  },
});

Deno.test("exec and run say in one sentence what they cannot do, and what to do instead", async () => {
  const cases: readonly [readonly string[], number, RegExp][] = [
    [["exec", "work", "--server", "lab", "--", "ls"], 2, /Cannot exec on "lab".*\n.*--server ssh:\/\/root@HOST/],
    [["exec", "none", "--", "ls"], 1, /there is no such service\n.*Services are: work/],
    [["exec", "-it", "work", "--", "ls"], 2, /standard input is no terminal\n.*Leave -t out/],
    [["exec", "--replica", "2", "work", "--", "ls"], 1, /its replica 2 does not run\n.*work\.1\.1/],
    [["exec", "work"], 2, /[Mm]issing required argument 'command'/],
    [["exec", "-e", "NOWHERE", "work", "--", "ls"], 2, /it is not set here\n.*-e NOWHERE=VALUE/],
    [["run", "--release", "9", "work", "--", "ls"], 1, /it has no release 9\n.*mypaas history work/],
    [["run", "work", "--", "nowhere"], 1, /"nowhere": executable file not found/],
  ];
  for (const [args, code, text] of cases) {
    const ran = await run(...args);
    assertEquals([ran.code, ran.stdout], [code, ""], `${args.join(" ")}: ${ran.stderr}`);
    assertMatch(ran.stderr, text);
  }
  assertEquals(await oneOffs(), []);
  const going = start("exec", "work", "--", "sh", "-c", "echo begins; exec sleep 1006");
  const reader = going.stdout.getReader();
  await reader.read();
  succeeded(await run("stop", "work"));
  assertEquals((await going.status).code, 137);
  await Promise.all([reader.cancel(), going.stdin.close(), going.stderr.cancel()]);
  const stopped = await run("exec", "work", "--", "ls");
  assertEquals(stopped.code, 1);
  assertMatch(stopped.stderr, /it is stopped\n.*mypaas start work.*mypaas run work/);
  assertEquals((await run("run", "work", "--", "cat", "/data/file")).stdout, "kept\n");
  succeeded(await run("start", "work"));
});

Deno.test("the audit has who ran what, and no value of a variable", async () => {
  succeeded(await run("exec", "-e", "TOKEN=hunter2", "work", "--", "echo", "to be found"));
  succeeded(await run("run", "-e", "TOKEN=hunter2", "work", "--", "true"));
  using database = new Database(server().layout.database);
  const lines = new SqliteAuditLog(database).lines(2);
  assertEquals(lines.map(({ actor, action, result }) => [actor, action, result]), [
    ["root@local", "run", "ok"],
    ["root@local", "exec", "ok"],
  ]);
  assertMatch(lines[0]?.subject ?? "", /^work\.1\.run-[0-9a-f]{8}: true$/);
  assertEquals(lines[1]?.subject, 'work.1.1: echo "to be found"');
  assertEquals(JSON.stringify(lines).includes("hunter2"), false);
});
