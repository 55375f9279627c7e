import { assertEquals, assertStringIncludes } from "@std/assert";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";

const BLOG = { Dockerfile: dockerfile("blog", "domain = blog.example", "scale = 2", "env = A=1", "env = B=2") };
const RUN = { command: ["sh", "-c", "ls 'a b'"], env: [], stdin: false, tty: false, owner: "12.345" };

/** Asks over daemon.sock: the answer, or the sentence and the hint of the failure. */
async function ask(daemon: BenchDaemon, path: string, json: unknown) {
  const request = new Request(`http://daemon/v1/services/${path}`, { method: "POST", body: JSON.stringify(json) });
  const answer = await (await daemon.local(request)).json();
  return "error" in answer ? [answer.error.message, answer.error.hint] : answer;
}

function lastAudit(daemon: BenchDaemon): readonly (string | undefined)[] {
  const [line] = daemon.audit.lines(1);
  return [line?.actor, line?.action, line?.subject, line?.result];
}

Deno.test("exec answers which container runs, and the audit has the command", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  assertEquals(await ask(daemon, "blog/exec", { command: ["ls", "-l", "a b"] }), {
    id: "container-blog.1.1",
    name: "blog.1.1",
  });
  assertEquals(lastAudit(daemon), ["root@local", "exec", 'blog.1.1: ls -l "a b"', "ok"]);
  const second = await ask(daemon, "blog/exec", { command: ["x".repeat(5000)], replica: 2 });
  assertEquals(second.name, "blog.1.2");
  assertEquals(lastAudit(daemon)[2], `blog.1.2: ${"x".repeat(1000)}...`);
});

Deno.test("exec says what is missing and what to do", async () => {
  await using daemon = await BenchDaemon.start();
  const command = ["ls"];
  assertEquals(await ask(daemon, "blog/exec", { command }), [
    'Cannot run a command in "blog": there is no such service',
    "No service was deployed yet.",
  ]);
  await daemon.deploy(BLOG);
  assertEquals(await ask(daemon, "blog/exec", { command, replica: 3 }), [
    'Cannot run a command in "blog": its replica 3 does not run',
    "Those that run: blog.1.1, blog.1.2.",
  ]);
  const { store, runtime } = daemon.server;
  store.setServiceState("blog", "stopped");
  const before = [...runtime.replicas];
  for (const [name, state] of before) runtime.replicas.set(name, { ...state, status: "exited" });
  assertEquals(await ask(daemon, "blog/exec", { command }), [
    'Cannot run a command in "blog": it is stopped',
    "Start it with mypaas start blog, or use a container of its own: mypaas run blog -- COMMAND.",
  ]);
  store.setServiceState("blog", "running");
  assertStringIncludes((await ask(daemon, "blog/exec", { command }))[0], "release 1 does not run");
  for (const [name, state] of before) runtime.replicas.set(name, state);
  assertEquals(
    (await ask(daemon, "blog/exec", { command: [] }))[0],
    [
      'Cannot read the exec request: "command" must name a program',
    ][0],
  );
});

Deno.test("run makes a container of the live release with its environment, and what is given comes first", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const env = [{ name: "B", value: "secret" }, { name: "C", value: "" }];
  const answer = await ask(daemon, "blog/run", { ...RUN, env, tty: true });
  assertEquals(answer, { id: "container-blog.1.run-1", name: "blog.1.run-1" });
  const [made] = daemon.server.runtime.oneOffs;
  assertEquals([made?.image, made?.command, made?.tty, made?.stdin, made?.owner], [
    "blog:1",
    RUN.command,
    true,
    false,
    "12.345",
  ]);
  assertEquals(made?.env, [{ name: "A", value: "1" }, ...env]);
  assertEquals(lastAudit(daemon), ["root@local", "run", `blog.1.run-1: sh -c "ls 'a b'"`, "ok"]);
  await ask(daemon, "blog/run", { ...RUN, command: [] });
  assertEquals(lastAudit(daemon)[2], "blog.1.run-2");
});

Deno.test("run takes an earlier release, and says when there is none, or it was not built", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  await daemon.deploy(BLOG, { force: true });
  assertEquals((await ask(daemon, "blog/run", { ...RUN, release: 1 })).name, "blog.1.run-1");
  assertEquals((await ask(daemon, "blog/run", RUN)).name, "blog.2.run-2");
  assertEquals(await ask(daemon, "blog/run", { ...RUN, release: 9 }), [
    'Cannot run a container of "blog": it has no release 9',
    "See what there is with: mypaas history blog",
  ]);
  daemon.onBuild = () => {
    throw new Error("no");
  };
  await daemon.deploy(BLOG, { force: true });
  assertEquals(
    (await ask(daemon, "blog/run", { ...RUN, release: 3 }))[0],
    'Cannot run a container of "blog": release 3 was not built',
  );
});

Deno.test("the gate knows neither exec nor run, whoever asks", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy(BLOG);
  const admin = await daemon.laptop({ role: "admin" });
  for (const action of ["exec", "run"]) {
    const { status, text } = await daemon.ask(admin, `POST /v1/services/blog/${action}`, RUN);
    assertEquals(status, 400, text);
    assertStringIncludes(text, "this server does not know it");
  }
  assertEquals(daemon.server.runtime.oneOffs, []);
});

Deno.test("run reaches by name what the service reaches: isolated services that name it, and its own when it is one", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy({ Dockerfile: dockerfile("web") });
  await daemon.deploy({ Dockerfile: dockerfile("db", "isolated = web") });
  await daemon.deploy({ Dockerfile: dockerfile("other", "isolated = true") });
  for (const service of ["web", "db", "other"]) await ask(daemon, `${service}/run`, RUN);
  assertEquals(daemon.server.runtime.oneOffs.map(({ reaches }) => reaches), [["db"], ["db"], ["other"]]);
});
