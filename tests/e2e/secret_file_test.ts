import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { containersOf, look } from "./engine.ts";
import { piped } from "./input.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";
import { Visits } from "./visits.ts";

const server = sharedServer({ supervisor: "none" });

/** Every value of this file has it, so that one search finds any of them. */
const MARK = `s3cret-${crypto.randomUUID()}`;
const PROJECT = {
  name: "vault",
  options: { domain: "vault.test", env: ["PASSWORD@file", "OTHER@file"], scale: 1, port: 8080 },
  app: { TEXT: "vault", PORT: "8080" },
  from: "busybox",
  instructions: ['RUN mkdir -p /etc && echo "app:x:1000:1000::/:/bin/sh" > /etc/passwd', "USER app"],
};

function set(name: string, value: string, ...flags: readonly string[]): Promise<Ran> {
  return piped(value, ["env", "set", "vault", name, "--secret", ...flags, "--server", "lab"], server().laptop());
}

async function page(path: string): Promise<string> {
  return (await server().get("vault.test", path)).text;
}

function password(): Promise<string> {
  return page("/read?file=/run/secrets/PASSWORD");
}

/** Files below a folder that have the value in them. */
async function grep(...folders: readonly string[]): Promise<readonly string[]> {
  const args = ["-rlFs", "--devices=skip", MARK, ...folders];
  const { code, stdout } = await new Deno.Command("timeout", { args: ["120", "grep", ...args] }).output();
  // 2: files that went meanwhile.
  if (code > 2) throw new Error(`the search ended with ${code}`);
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test.beforeAll(async () => {
  succeeded(await set("OTHER", `${MARK} other`));
  succeeded(await set("PASSWORD", `${MARK} first\n`));
  const dockerfile = await server().project(PROJECT);
  // So that mypaas run can be told another command.
  const text = (await Deno.readTextFile(dockerfile)).replace("ENTRYPOINT", "CMD");
  await Deno.writeTextFile(dockerfile, text);
  succeeded(await server().client(["push", "lab", dockerfile]));
});

Deno.test("a secret is a file that its container's user alone may read, and no variable", async () => {
  assertEquals(await password(), `${MARK} first`);
  assertEquals(await page("/read?file=/run/secrets/OTHER"), `${MARK} other`);
  assertEquals([await page("/env?name=PASSWORD"), await page("/env?name=PASSWORD_FILE")], [
    "",
    "/run/secrets/PASSWORD",
  ]);
  const [folder = ""] = (await Array.fromAsync(Deno.readDir(server().layout.secrets))).map(({ name }) => name);
  const { mode, uid } = await Deno.stat(`${server().layout.secrets}/${folder}/PASSWORD`);
  assertEquals([(mode ?? 0) & 0o777, uid], [0o400, 1000]);
  assertEquals(((await Deno.stat(server().layout.secrets)).mode ?? 0) & 0o777, 0o700);
  const written = await page("/write?file=/run/secrets/PASSWORD&text=x");
  assertStringIncludes(written, "read-only file system");
});

Deno.test("a changed secret rolls out without a failed request, and the old one is gone from the server", async () => {
  const visits = new Visits(server(), { urls: ["http://vault.test/"] });
  succeeded(await set("PASSWORD", `${MARK} second\n`));
  assertEquals(await password(), `${MARK} second`);
  const seen = await visits.stop();
  assertEquals(new Set(seen.map(({ outcome }) => outcome)), new Set(["vault"]));
  assert(seen.length > 10, `${seen.length} visits`);
  await waitUntil(async () => (await Array.fromAsync(Deno.readDir(server().layout.secrets))).length === 1, {
    what: "the old release's secrets are gone",
    timeoutMs: 30_000,
  });
});

Deno.test("env get gives no secret to anybody, and the list says so", async () => {
  const got = await server().client(["env", "get", "vault", "PASSWORD", "--server", "lab"]);
  assertEquals(got.code, 2, got.stdout);
  assertStringIncludes(got.stderr, 'Cannot read "PASSWORD" of "vault": it was stored with --secret');
  const { stdout } = succeeded(await server().run(["env", "list", "vault", "--json"]));
  assertStringIncludes(stdout, '"secret":true');
});

Deno.test("a container of mypaas run has the secret, and what is left of one goes with the next", async () => {
  for (let i = 0; i < 2; i++) {
    const ran = succeeded(await server().run(["run", "vault", "--", "cat", "/run/secrets/PASSWORD"]));
    assertStringIncludes(ran.stdout, `${MARK} second`);
  }
  assertEquals((await Array.fromAsync(Deno.readDir(server().layout.secrets))).length, 2);
});

/** Ends the service's process as a crash does, and gives its container. */
async function crash(): Promise<string> {
  const [container] = await containersOf(server().serverId, "vault");
  assert(container !== undefined && container.State.Pid > 1, "the service runs");
  Deno.kill(container.State.Pid, "SIGKILL");
  return container.Id;
}

async function comesBack(): Promise<void> {
  await waitUntil(async () => await password() === `${MARK} second`, {
    what: "the service has its secret again",
    timeoutMs: 30_000,
  });
}

Deno.test("a container that crashes comes back with its secret", async () => {
  await crash();
  await comesBack();
});

// The daemon that it starts serves the tests behind it.
Deno.test({
  name: "after a boot, which empties /run, the daemon puts the files back and starts what Docker could not",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await server().endDaemon("SIGKILL");
    await Deno.remove(server().layout.secrets, { recursive: true });
    const container = await crash();
    const gaveUp = async () => {
      const { State } = JSON.parse(await look(`/containers/${container}/json`));
      return !State.Running && !State.Restarting && State.Error !== "";
    };
    await waitUntil(gaveUp, { what: "Docker gives up on the container", timeoutMs: 30_000 });
    await server().startDaemon();
    await comesBack();
  },
});

Deno.test("the value is nowhere: state, spool, logs, audit, Docker's inspect and folder, arguments of processes", async () => {
  const { layout, folder, serverId, daemonLog } = server();
  const kept = (paths: readonly string[]) => paths.filter((path) => !path.startsWith(`${layout.secrets}/`));
  assertEquals(kept(await grep(folder, daemonLog)), []);
  assertEquals((await grep(layout.secrets)).length, 2, "the search finds it where it is");
  for (const { Id } of await containersOf(serverId, "vault")) {
    const text = await look(`/containers/${Id}/json`);
    const { Image, GraphDriver } = JSON.parse(text);
    const told = [
      text,
      await look(`/images/${Image}/json`),
      await look(`/images/${Image}/history`),
      await look(`/containers/${Id}/logs?stdout=1&stderr=1`),
    ];
    assertEquals(told.map((one) => one.includes(MARK)), [false, false, false, false]);
    const layers: readonly string[] = Object.values<string>(GraphDriver.Data ?? {}).flatMap((path) => path.split(":"));
    assertEquals(await grep(...layers.filter((path) => !path.endsWith("/merged"))), []);
  }
  const data: string = JSON.parse(await look("/info")).DockerRootDir;
  // The layers of others take gigabytes; ours were searched above.
  const parts = (await Array.fromAsync(Deno.readDir(data))).filter(({ name }) => name !== "overlay2");
  assertEquals(await grep(...parts.map(({ name }) => `${data}/${name}`)), []);
  assertEquals(await grep("/var/log", "/run/log"), []);
  const { receiver, traefik } = server().names;
  for (const name of [receiver, traefik]) {
    assertEquals((await look(`/containers/${name}/json`)).includes(MARK), false);
    assertEquals((await look(`/containers/${name}/logs?stdout=1&stderr=1`)).includes(MARK), false);
  }
  assertEquals(await grep(...await processFiles()), []);
});

/** The arguments and the environment of every process. */
async function processFiles(): Promise<readonly string[]> {
  const ids = (await Array.fromAsync(Deno.readDir("/proc"))).filter(({ name }) => /^\d+$/.test(name));
  return ids.flatMap(({ name }) => [`/proc/${name}/cmdline`, `/proc/${name}/environ`]);
}

Deno.test("the same search finds a value that was planted: beside state, spool and log, in a process, and in what Docker shows and keeps", async () => {
  const { layout, folder, daemonLog } = server();
  const files = [layout.database, daemonLog, `${layout.spool}/planted`, `${folder}/planted`];
  // Beside them: the database and the log are in use.
  const planted = files.map((path) => `${path}.planted`);
  for (const path of planted) await Deno.writeTextFile(path, `a line before\n${MARK} planted\n`);
  const child = new Deno.Command("sleep", { args: ["600"], env: { SHOWN: MARK } }).spawn();
  try {
    const found = await grep(folder, layout.lib, `${daemonLog}.planted`);
    assertEquals(planted.filter((path) => !found.includes(path)), []);
    assertEquals(await grep(`/proc/${child.pid}/environ`), [`/proc/${child.pid}/environ`]);
  } finally {
    child.kill();
    await child.status;
    for (const path of planted) await Deno.remove(path);
  }
  // A value that is a variable is where the file was not: Docker shows it, and keeps it in its folder.
  const open = {
    ...PROJECT,
    name: "open",
    options: { env: `SHOWN=${MARK} shown` },
    app: { TEXT: "open" },
    instructions: [],
  };
  succeeded(await server().push(open));
  const [container] = await containersOf(server().serverId, "open");
  assert(container !== undefined);
  assertStringIncludes(await look(`/containers/${container.Id}/json`), MARK);
  const data: string = JSON.parse(await look("/info")).DockerRootDir;
  assert((await grep(`${data}/containers/${container.Id}`)).length > 0);
});
