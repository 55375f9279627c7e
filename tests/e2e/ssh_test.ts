import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SqliteAuditLog } from "../../src/state/audit_log.ts";
import { Database } from "../../src/state/database.ts";
import { waitUntil } from "../../src/wait.ts";
import { jsonLines, MYPAAS, type Ran, runProgram, sharedServer, succeeded } from "./lab.ts";
import { PtyProgram } from "./pty.ts";
import { SshServer } from "./ssh_server.ts";

const server = sharedServer({ supervisor: "none" });
let ssh: SshServer;

Deno.test.beforeAll(async () => {
  ssh = await SshServer.start(server().root);
});
// Before the server's own.
Deno.test.afterAll(async () => {
  await ssh?.[Symbol.asyncDispose]();
});

const environment = (): Record<string, string> => ({
  ...server().laptop("ssh-laptop"),
  ...ssh.environment,
  // Where sockets and folders of a command would be left behind, and what would keep Deno's fetch away from sockets.
  ...{ TMPDIR: ssh.temporary, NO_PROXY: "*" },
});
const mypaas = (...args: readonly string[]): Promise<Ran> => runProgram(args, environment());

function begin(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(MYPAAS, {
    args: [...args],
    env: { NO_COLOR: "1", ...environment() },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Processes of `mypaas relay` on the server. */
async function relays(): Promise<readonly number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const words = (await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")).split("\0");
    if (words.includes("relay") && words.includes(server().root)) pids.push(Number(name));
  }
  return pids;
}

async function untilNoRelay(): Promise<void> {
  await waitUntil(async () => (await relays()).length === 0, { what: "no relay is left", timeoutMs: 10_000 });
  assertEquals([...Deno.readDirSync(ssh.temporary)].map(({ name }) => name), []);
}

const WEB = { name: "web", options: { domain: "web.test" }, app: { TEXT: "over ssh" } };
/** Builds for four seconds, and says how far it is; nothing of it is cached. */
const slow = (name: string) => ({
  name,
  from: "busybox:latest",
  instructions: [`RUN : ${crypto.randomUUID()}; for i in $(seq 40); do echo step $i; usleep 100000; done`],
});

Deno.test("push ssh://user@host:port needs no key and no invite, and one login of ssh", async () => {
  const before = await ssh.logins();
  const dockerfile = await server().project(WEB);
  const ran = succeeded(await mypaas("push", `ssh://root@127.0.0.1:${ssh.port}`, dockerfile));
  assertEquals((await server().get("web.test")).text, "over ssh");
  assertEquals(await ssh.logins() - before, 1, ran.stderr);
  assertMatch(succeeded(await mypaas("push", "ssh://vm", dockerfile, "--also")).stdout, /already live/);
  await untilNoRelay();
});

Deno.test("the audit says which user came in over ssh, and from where", () => {
  using database = new Database(server().layout.database);
  const [line] = new SqliteAuditLog(database).lines(1);
  assertEquals([line?.actor, line?.address, line?.action, line?.subject], ["root@ssh", "127.0.0.1", "deploy", "web"]);
});

Deno.test("login NAME ssh://... remembers it; MYPAAS_SERVER and --server take the name or the URL", async () => {
  const ran = succeeded(await mypaas("login", "vm", `ssh://root@127.0.0.1:${ssh.port}`));
  assertMatch(ran.stdout, /^vm is ssh:\/\/root@127\.0\.0\.1:\d+: mypaas \d+\.\d+\.\d+, as root\n$/);
  for (const name of ["vm", "ssh://vm", `ssh://root@127.0.0.1:${ssh.port}`]) {
    const [service] = jsonLines(succeeded(await mypaas("ps", "--server", name, "--json")));
    assertEquals(service?.["service"], "web", name);
  }
  const there = await runProgram(["history", "web"], { ...environment(), MYPAAS_SERVER: "ssh://vm" });
  assertMatch(succeeded(there).stdout, /live/);
});

Deno.test("logs -f over ssh shows lines as they come, and nothing is left on the server when it ends", async () => {
  const following = begin(["logs", "-f", "web", "--server", "vm"]);
  const reader = following.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertStringIncludes((await reader.read()).value ?? "", "app starts");
  assertEquals((await relays()).length, 1);
  following.kill("SIGKILL");
  await following.status;
  await untilNoRelay();
  await Promise.all([reader.cancel(), following.stdin.close(), following.stderr.cancel()]);
});

Deno.test("exec over ssh hands input, output and the exit code through, whatever the words have in them", async () => {
  succeeded(await server().run(["deploy", await server().project({ name: "work", from: "busybox:latest" })]));
  const odd = `a'b "c" $HOME \\ ; #`;
  const ran = await mypaas(
    "exec",
    "--server",
    "vm",
    "-e",
    `ODD=${odd}`,
    "work",
    "--",
    "sh",
    "-c",
    'echo "$ODD$1"; exit 7',
    "",
    odd,
  );
  assertEquals([ran.code, ran.stdout], [7, `${odd}${odd}\n`], ran.stderr);
  const piped = begin(["exec", "-i", "--server", "vm", "work", "--", "cat"]);
  const writer = piped.stdin.getWriter();
  await writer.write(new TextEncoder().encode("through\n"));
  await writer.close();
  assertEquals(new TextDecoder().decode((await piped.output()).stdout), "through\n");
  const bare = await mypaas("exec", "--server", "vm", "-e", "PATH", "work", "--", "true");
  assertEquals(bare.code, 2);
  assertMatch(bare.stderr, /its value would be seen/);
});

Deno.test("a push goes on by itself when its ssh breaks", async () => {
  const before = await ssh.logins();
  const pushing = begin(["push", "vm", await server().project(slow("broken")), "--json"]);
  let told = "";
  for await (const text of pushing.stdout.pipeThrough(new TextDecoderStream())) {
    if (!told.includes("step 3") && (told + text).includes("step 3")) {
      const [relay] = await relays();
      assert(relay !== undefined);
      Deno.kill(relay, "SIGKILL");
    }
    told += text;
  }
  await pushing.stdin.close();
  const stderr = await new Response(pushing.stderr).text();
  assertEquals((await pushing.status).code, 0, told + stderr);
  assertEquals(await ssh.logins() - before, 2);
  for (const step of [1, 3, 20, 40]) assertEquals(told.split(`step ${step}"`).length, 2, `step ${step} is told once`);
});

Deno.test("on a terminal ssh asks about the host key, and Ctrl-C twice cancels the deploy over the same ssh", async () => {
  const dockerfile = await server().project(slow("cancelled"));
  await using pty = new PtyProgram([MYPAAS, "push", "ssh://unknown", dockerfile], { env: environment() });
  await pty.shows(/Are you sure you want to continue connecting/);
  await pty.type("yes\r");
  await pty.shows(/step 2/);
  await pty.type("\x03");
  await pty.shows(/Ctrl-C once more cancels it/);
  await pty.type("\x03");
  await pty.shows(/Cannot finish the deploy "cancelled\.1": you cancelled it/);
  assertEquals(await pty.end(), 1);
  await untilNoRelay();
});

interface Refusal {
  readonly server: string;
  readonly code: number;
  readonly sentence: RegExp;
  readonly hint: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    server: "ssh://changed",
    code: 3,
    sentence: /its host key is another than the one that ssh knows \(ssh says "Host key verification failed\."\)$/,
    hint: /ssh-keygen -R/,
  },
  {
    server: "ssh://strange",
    code: 3,
    sentence: /ssh does not know its host key \(ssh says "Host key verification failed\."\)$/,
    hint: /Connect once on a terminal and compare the key: ssh ssh:\/\/strange/,
  },
  {
    server: "ssh://nokey",
    code: 3,
    sentence: /ssh is not let in \(ssh says "root@127\.0\.0\.1: Permission denied \(publickey\)\."\)$/,
    hint: /See that this works: ssh ssh:\/\/nokey/,
  },
  {
    server: "ssh://bare",
    code: 1,
    sentence: /it has no mypaas \(ssh says "mypaas is not installed here"\)$/,
    hint: /Install it there/,
  },
  { server: "ssh://old", code: 1, sentence: /the mypaas there is too old for ssh:\/\//, hint: /mypaas upgrade/ },
  {
    server: "ssh://ann@vm",
    code: 3,
    sentence: /the user is not root there, .* \(ssh says "sudo: a password is required"\)$/,
    hint: /Log in as root/,
  },
  { server: "ssh://nobody.invalid", code: 1, sentence: /the name is not found/, hint: /Check the name/ },
  { server: "ssh://127.0.0.1:1", code: 1, sentence: /nothing listens there/, hint: /Check the port/ },
  { server: "ssh://-oProxyCommand=touch@vm", code: 2, sentence: /the user may have letters/, hint: /Such as/ },
  { server: "ssh://vm;touch", code: 2, sentence: /the host may have letters/, hint: /Such as/ },
];

Deno.test("what ssh cannot do is one sentence with ssh's own last line, and an exit code", async () => {
  const all = REFUSALS.map(async ({ server, code, sentence, hint }) => {
    const ran = await mypaas("ps", "--server", server);
    const line = (begin: string) => ran.stderr.split("\n").find((one) => one.startsWith(begin)) ?? "";
    assertEquals([ran.code, ran.stdout], [code, ""], `${server}: ${ran.stderr}`);
    assertMatch(line("error:"), /^error: Cannot (reach|use) "?ssh:\/\//, server);
    assertMatch(line("error:"), sentence, server);
    assertMatch(line("hint:"), hint, server);
  });
  await Promise.all(all);
});

Deno.test({
  name: "a daemon that does not run there is told in its own words",
  // The daemon is a process of the file, not of the test.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await server().endDaemon("SIGTERM");
    const ran = await mypaas("ps", "--server", "vm");
    assertEquals(ran.code, 1);
    assertMatch(ran.stderr, /mypaas there says "Cannot reach the daemon: (there is no|it does not run)/);
    await server().startDaemon();
  },
});
