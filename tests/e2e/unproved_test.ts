import { assertEquals, assertStringIncludes } from "@std/assert";
import { exportPrivateKey, generateKey } from "../../src/auth/keys.ts";
import { formatServerLine } from "../../src/auth/server_line.ts";
import { commandRows } from "../../scripts/readme_commands.ts";
import { piped } from "./input.ts";
import { runProgram } from "./lab.ts";
import { writeProject } from "./project.ts";

// Whoever has taken the receiver over, or sits in between, says yes to everything: no command may believe it.

const SERVER = "ab".repeat(16);

/** Every command that asks a server, with words that make it ask. `version` tells what anybody may say. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "push [server] [dockerfile]": [],
  "plan [dockerfile]": [],
  ps: [],
  "stats [service...]": [],
  "logs <service>": ["app"],
  "history <service>": ["app"],
  "rollback <service> [release]": ["app"],
  "restart <service>": ["app"],
  "stop <service>": ["app"],
  "start <service>": ["app"],
  "scale <service> <number>": ["app", "2"],
  "remove <service>": ["app"],
  "attach <deploy>": ["app.1"],
  "cancel <deploy>": ["app.1"],
  invite: ["--name", "ann"],
  "keys list": [],
  "keys add <name> <public-key>": ["ann", "A".repeat(43)],
  "keys revoke <key>": ["ann"],
  "keys rename <key> <name>": ["ann", "bob"],
  "registry login <host>": ["r.example.org", "--username", "ann"],
  "registry logout <host>": ["r.example.org"],
  "registry list": [],
  "env set <service> [key]": ["app", "--env-file", "values"],
  "env get <service> <key>": ["app", "KEY"],
  "env list <service>": ["app"],
  "env unset <service> <keys...>": ["app", "KEY"],
  "doctor [dockerfile]": [],
};
/**
 * `login` has a proof of its own, `keys rotate` takes no server by a line: tests/client has both. `exec` and `run` go over
 * ssh alone, which proves who answers.
 */
const APART = [
  "login <server> <invite>",
  "keys rotate",
  "version",
  "exec <service> <command...>",
  "run <service> [command...]",
];

const LIVE = { kind: "live", service: "app", release: 1, urls: [], seconds: 1, alreadyLive: false };

/** What a liar answers: what the command would like to hear. */
function lie({ url, method }: Request): Response {
  const { pathname } = new URL(url);
  if (pathname === "/v1/hello") {
    return Response.json({ serverId: SERVER, version: "1.0.0", time: new Date().toISOString() });
  }
  if (pathname === "/v1/missing") return Response.json({ missing: [] });
  if (pathname.endsWith("/logs")) return new Response(`${JSON.stringify({ kind: "end", lines: 0 })}\n`);
  const works = /\/(deploy|events|rollback|restart|stop|start|scale)$/.test(pathname) ||
    method === "DELETE" && pathname.startsWith("/v1/services/");
  if (works) return new Response(`${JSON.stringify({ ...LIVE, seq: 1, time: new Date().toISOString() })}\n`);
  return Response.json({});
}

Deno.test("the list of commands that ask a server is whole", () => {
  const asking = commandRows().filter(({ role }) => role !== undefined).map(({ usage }) => usage);
  assertEquals(asking.filter((usage) => !APART.includes(usage)).sort(), Object.keys(COMMANDS).sort());
});

Deno.test("no command believes a success that the daemon did not sign: result not proved, exit 1", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-e2e-" });
  await using liar = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, lie);
  await writeProject(folder, { name: "app" });
  await Deno.writeTextFile(`${folder}/values`, "KEY=value\n");
  const line = { url: `http://127.0.0.1:${liar.addr.port}`, serverId: SERVER, certificatePin: undefined };
  const env = {
    MYPAAS_SERVER: formatServerLine({ ...line, daemonKey: (await generateKey()).publicKey }),
    MYPAAS_KEY: await exportPrivateKey(await generateKey()),
  };
  const run = async ([usage, words]: readonly [string, readonly string[]]) => {
    const args = [...usage.split(" ").filter((word) => /^[a-z]/.test(word)), ...words];
    const input = usage.startsWith("registry login") ? "password" : undefined;
    const { code, stdout, stderr } = input === undefined
      ? await runProgram(args, env, { cwd: folder })
      : await piped(input, args, env);
    assertEquals(code, 1, `${args.join(" ")}: ${stderr}`);
    // What doctor finds is its result.
    assertStringIncludes(stdout + stderr, "result not proved", args.join(" "));
  };
  const left = Object.entries(COMMANDS);
  await Promise.all([1, 2, 3].map(async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await run(next);
  }));
  await Deno.remove(folder, { recursive: true });
});
