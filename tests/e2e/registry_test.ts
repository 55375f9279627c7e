import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { docker } from "../engine/bench.ts";
import { PASSWORD, TestRegistry } from "../engine/test_registry.ts";
import { onTerminal, piped } from "./input.ts";
import { jsonLines, type Ran, sharedServer, succeeded } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

const server = sharedServer();

/** Publishes the app of tests/e2e/app, which says `text`, under the tag of a site. */
async function publish(registry: TestRegistry, text: string): Promise<string> {
  const local = `mypaas-e2e-registry-${crypto.randomUUID().slice(0, 8)}:1`;
  const script = 'tar -C "$0" -c app | docker import -c \'ENTRYPOINT ["/app"]\' -c "ENV TEXT=$1" - "$2"';
  const args = ["-c", script, `${CHECKOUT}/.tools/testapp`, text, local];
  assert((await new Deno.Command("bash", { args, stdout: "null" }).output()).success);
  try {
    return await registry.publish(local, "team/site:1");
  } finally {
    await docker("rmi", local);
  }
}

/** A service whose Dockerfile is its options and these instructions. */
async function project(name: string, ...instructions: readonly string[]): Promise<string> {
  const folder = `${server().folder}/projects/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  const options = [`# mypaas.servicename = ${name}`, `# mypaas.domain = ${name}.test`];
  await Deno.writeTextFile(`${folder}/Dockerfile`, [...options, ...instructions, ""].join("\n"));
  return folder;
}

async function pageOf(name: string): Promise<string> {
  return (await server().get(`${name}.test`)).text;
}

/** Release and whether it was live already. */
function liveOf(ran: Ran): readonly unknown[] {
  const end = jsonLines(succeeded(ran)).find(({ kind }) => kind === "live");
  return [end?.["release"], end?.["alreadyLive"]];
}

Deno.test("a service of a private image: login, release, its tag followed, and the password nowhere", async () => {
  await using registry = await TestRegistry.start("Basic");
  const { host } = registry;
  const image = await publish(registry, "one");
  const folder = await project("site", `FROM ${image}`);
  const shown: Ran[] = [];
  const noted = (ran: Ran) => {
    shown.push(ran);
    return ran;
  };
  const push = async () => noted(await server().client(["push", "lab", folder, "--json"]));
  const login = async (password: string) =>
    noted(
      await piped(`${password}\n`, ["registry", "login", host, "--username", "ann", "--server", "lab"], {
        ...server().laptop(),
      }),
    );

  const without = noted(await server().client(["push", "lab", folder]));
  assertEquals(without.code, 4, without.stderr);
  assertStringIncludes(
    without.stderr,
    `error: Cannot build "site": its base image "${image}" cannot be pulled: no basic auth credentials\n`,
  );
  assertMatch(without.stderr, new RegExp(`\nhint: .* mypaas registry login ${host} --username NAME\\. `));

  const wrong = await login("wrong");
  assertEquals([wrong.code, wrong.stdout], [1, ""]);
  assertMatch(
    wrong.stderr,
    new RegExp(`^error: Cannot log in to "${host}": it refuses the user "ann" with this password\nhint: `),
  );
  assertEquals((await login(PASSWORD)).stdout, `logged in to ${host} as ann\n`);

  assertEquals(liveOf(await push()), [2, false]);
  assertEquals(await pageOf("site"), "one");
  assertEquals(liveOf(await push()), [2, true]);
  await publish(registry, "two");
  assertEquals(liveOf(await push()), [3, false]);
  assertEquals(await pageOf("site"), "two");

  await registry.stop();
  const away = await push();
  assertEquals(liveOf(away), [3, true]);
  const warning = jsonLines(away).find(({ kind }) => kind === "warning");
  assertStringIncludes(String(warning?.["text"]), `"${image}" cannot be pulled again, the one on this server counts: `);

  const [here] = jsonLines(noted(await server().run(["registry", "list", "--json"])));
  assertMatch(
    `${here?.["host"]} ${here?.["username"]} ${here?.["by"]}`,
    new RegExp(`^${host} ann laptop \\([0-9a-f]+\\)$`),
  );
  noted(await server().client(["registry", "list", "--server", "lab"]));
  const out = noted(await server().run(["registry", "logout", host]));
  assertEquals(succeeded(out).stdout, `logged out of ${host}\n`);
  assertEquals(succeeded(await server().run(["registry", "list"])).stdout, "no registries\n");
  assertEquals(noted(await server().run(["registry", "logout", host])).code, 1);

  await assertNowhere(shown);
});

Deno.test("a password that is typed on a terminal is not shown", async () => {
  await using registry = await TestRegistry.start("Bearer");
  const login = ["--root", server().root, "registry", "login", registry.host, "--username", "ann"];
  const shown = await onTerminal(login, [[`password of ann at ${registry.host}: `, `${PASSWORD}\r`]]);
  assertStringIncludes(shown, `logged in to ${registry.host} as ann`);
  assert(!shown.includes(PASSWORD), shown);
  const { mode } = await Deno.stat(server().layout.database);
  assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("a server with the classic builder builds, and refuses what needs BuildKit before it builds", async () => {
  succeeded(await server().init("--builder", "classic"));
  await server().untilDaemonAnswers();
  const folder = await project("old", "FROM busybox", "RUN echo classic > /www/index.html");
  const run = 'CMD ["httpd", "-f", "-p", "80", "-h", "/www"]';
  await Deno.writeTextFile(`${folder}/Dockerfile`, `${await Deno.readTextFile(`${folder}/Dockerfile`)}${run}\n`);
  const built = succeeded(await server().client(["push", "lab", folder]));
  assertStringIncludes(built.stderr, "[2/3] RUN echo classic");
  assertEquals(await pageOf("old"), "classic\n");

  await project("new", "FROM busybox", "RUN --mount=type=cache,target=/c true");
  const refused = await server().client(["push", "lab", `${server().folder}/projects/new`]);
  assertEquals(refused.code, 2, refused.stderr);
  assertStringIncludes(refused.stderr, "line 4: RUN --mount needs BuildKit, and this server builds with the classic");
});

/** Neither in what commands printed, nor in what Docker tells, nor in any file of the server but its database. */
async function assertNowhere(shown: readonly Ran[]): Promise<void> {
  const { names, root, layout } = server();
  for (const { stdout, stderr } of shown) assert(!`${stdout}${stderr}`.includes(PASSWORD), stdout + stderr);
  const label = `label=mypaas.instance=${server().serverId}`;
  const containers = (await docker("ps", "--all", "--quiet", "--filter", label)).split("\n");
  const images = (await docker("images", "--quiet", "--filter", label)).split("\n");
  const told = [
    await docker("inspect", ...containers, ...new Set(images)),
    ...await Promise.all(images.map((image) => docker("history", "--no-trunc", image))),
    await server().daemonOutput(),
    await docker("logs", names.receiver),
  ];
  for (const text of told) assert(!text.includes(PASSWORD), text);
  const found = await new Deno.Command("grep", { args: ["--recursive", "--files-with-matches", PASSWORD, root] })
    .output();
  const files = new TextDecoder().decode(found.stdout).split("\n").filter((file) => file !== "");
  assertEquals(files.filter((file) => !file.startsWith(layout.database)), []);
}
