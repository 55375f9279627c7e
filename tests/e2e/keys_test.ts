import { assertEquals, assertFalse, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import { DatabaseSync } from "node:sqlite";
import { openssh, SshAgent, sshKeygen } from "../host/openssh.ts";
import { jsonLines, MYPAAS, type Ran, sharedServer, succeeded } from "./lab.ts";
import { waitUntil } from "../../src/wait.ts";
import { PtyProgram } from "./pty.ts";

const server = sharedServer();
const BLOG = { name: "keyed", app: { TEXT: "keyed" } };
const PASSPHRASE = "a long sentence";

/** Makes a key with ssh-keygen in a folder of this server. @returns the path of the private one */
async function sshKey(name: string, options: { passphrase?: string } = {}): Promise<string> {
  const path = `${server().folder}/id_${name}`;
  await sshKeygen(path, { comment: name, ...options });
  return path;
}

/** Logs a laptop in with a key of OpenSSH. @returns its environment */
async function loggedIn(name: string, key: string, more: Record<string, string> = {}): Promise<Record<string, string>> {
  const env = { ...server().laptop(name), ...more };
  const line = await server().invite(name, "deploy", "--scope", "keyed");
  succeeded(await server().client(["login", "lab", line, "--key", key], env));
  return env;
}

async function push(env: Record<string, string>): Promise<Ran> {
  return await server().client(["push", "lab", await server().project(BLOG)], env);
}

function refused(ran: Ran, sentence: string): void {
  assertEquals(ran.code, 3, `${ran.stdout}\n${ran.stderr}`);
  assertStringIncludes(ran.stderr, sentence);
}

async function keys(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return jsonLines(succeeded(await server().run(["keys", "list", "--json"])));
}

/** The newest lines of the audit. */
function audit(count: number): readonly Readonly<Record<string, unknown>>[] {
  using database = new DatabaseSync(server().layout.database, { readOnly: true });
  return database.prepare("SELECT * FROM audit ORDER BY id DESC LIMIT ?").all(count);
}

Deno.test("in an empty environment CI pushes with MYPAAS_KEY and MYPAAS_SERVER, to its services only", async () => {
  const key = await sshKey("ci");
  const add = ["keys", "add", "ci", `${key}.pub`, "--scope", "keyed", "--server", "lab", "--json"];
  const [added] = jsonLines(succeeded(await server().client(add)));
  const inCi = async (folder: string) => {
    const { code, stdout, stderr } = await new Deno.Command(MYPAAS, {
      args: ["push"],
      cwd: folder,
      clearEnv: true,
      env: { MYPAAS_KEY: await Deno.readTextFile(key), MYPAAS_SERVER: String(added?.["server"]) },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  const folderOf = (dockerfile: string) => dockerfile.replace(/\/Dockerfile$/, "");
  succeeded(await inCi(folderOf(await server().project(BLOG))));
  const other = folderOf(await server().project({ ...BLOG, name: "foreign" }));
  refused(await inCi(other), 'the key "ci"');
  const [history] = jsonLines(succeeded(await server().run(["history", "keyed", "--json"])));
  assertEquals(history?.["by"], `ci (${added?.["id"]})`);
});

Deno.test("a key is renamed, and its new name is in the audit beside the address that Traefik saw", async () => {
  const ci = (await keys()).find(({ name }) => name === "ci");
  const id = String(ci?.["id"]);
  assertEquals([ci?.["role"], ci?.["scope"]], ["deploy", ["keyed"]]);
  succeeded(await server().client(["keys", "rename", "ci", "ci of Ann", "--server", "lab"]));
  assertEquals((await keys()).find((key) => key["id"] === id)?.["name"], "ci of Ann");
  const [line] = audit(1);
  assertEquals([line?.["action"], line?.["subject"], line?.["result"]], ["keys-rename", id, "ok"]);
  assertMatch(String(line?.["actor"]), /^laptop \([0-9a-f]{16}\)$/);
  // A client's own headers about where it comes from count for nothing.
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(server().layout.certificate)] });
  const headers = { "x-forwarded-for": "198.51.100.9", "mypaas-client-address": "198.51.100.9" };
  const response = await fetch(`https://127.0.0.1:${server().httpsPort}/v1/services`, { client, headers });
  assertEquals([response.status, await response.body?.cancel()], [401, undefined]);
  const [refusal] = audit(1);
  assertEquals([refusal?.["actor"], refusal?.["address"]], ["unknown", line?.["address"]]);
  assertMatch(String(line?.["address"]), /^\d+\.\d+\.\d+\.\d+$/);
});

Deno.test("a key is revoked by its name, at once", async () => {
  const key = await sshKey("guest");
  const env = await loggedIn("guest", key);
  succeeded(await push(env));
  assertStringIncludes(succeeded(await server().run(["keys", "revoke", "guest"])).stdout, "revoked guest (");
  refused(await push(env), "is not known to this server, or was revoked");
});

Deno.test("the only admin cannot lock itself out over the network", async () => {
  const ran = await server().client(["keys", "revoke", "laptop", "--server", "lab"]);
  assertEquals(ran.code, 1, ran.stderr);
  assertStringIncludes(ran.stderr, 'Cannot revoke the key "laptop": it is the last one that may do everything');
});

Deno.test("a laptop pushes with a key of OpenSSH, of which only the path is saved", async () => {
  const key = await sshKey("plain");
  const env = await loggedIn("plain", key);
  succeeded(await push(env));
  const saved = await Array.fromAsync(Deno.readDir(`${server().folder}/plain`));
  // What a push remembers, and where it went; no key.
  assertEquals(saved.map(({ name }) => name).sort(), ["cache", "pushed.json", "servers.yml"]);
  await Deno.chmod(key, 0o644);
  const ran = await push(env);
  refused(ran, `Cannot use the key "${key}": others may read it (its mode is 644)`);
  assertStringIncludes(ran.stderr, `chmod 600 ${key}`);
});

/** How many agents run of which the key is of this server's folder. */
async function agents(): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (words.split("\0")[0]?.endsWith("ssh-agent") && words.includes(server().folder)) count++;
  }
  return count;
}

Deno.test("an encrypted key asks for its passphrase on a terminal, and nowhere else", async () => {
  const key = await sshKey("locked", { passphrase: PASSPHRASE });
  const line = await server().invite("locked", "deploy", "--scope", "keyed");
  const config = server().laptop("locked");
  const dockerfile = await server().project(BLOG);
  const before = await agents();
  const onTerminal = async (args: readonly string[], ...typed: readonly string[]) => {
    await using pty = new PtyProgram([MYPAAS, ...args], { env: { ...config, NO_COLOR: "1" } });
    for (const passphrase of typed) {
      await pty.shows(/passphrase.* for [^ ]*id_locked: /);
      assertGreater(await agents(), before);
      await pty.type(`${passphrase}\r`);
    }
    const code = await pty.end();
    for (const passphrase of typed.filter((one) => one !== "")) assertFalse(pty.shown.includes(passphrase), pty.shown);
    return { code, shown: pty.shown };
  };
  const logIn = await onTerminal(["login", "lab", line, "--key", key], PASSPHRASE);
  assertEquals(logIn.code, 0, logIn.shown);
  const pushed = await onTerminal(["push", "lab", dockerfile], "not this one", PASSPHRASE);
  assertEquals(pushed.code, 0, pushed.shown);
  const none = await onTerminal(["push", "lab", dockerfile], "not this one", "");
  assertEquals(none.code, 3, none.shown);
  assertStringIncludes(none.shown, "its passphrase was not given");
  await waitUntil(async () => await agents() === before, {
    what: "the agents that held the key end with the command",
    timeoutMs: 20_000,
    intervalMs: 200,
  });
  refused(await push(config), "it is encrypted, and here is no terminal to ask for its passphrase");
});

Deno.test("a laptop pushes with the ssh-agent's key, and is told when the agent has lost it", async () => {
  await using agent = await SshAgent.start(server().folder);
  await agent.add(await sshKey("held"));
  const env = await loggedIn("held", "agent", agent.env);
  succeeded(await push(env));
  // The agent may hold others later: the one of the login is saved by its fingerprint.
  await agent.add(await sshKey("second"));
  succeeded(await push(env));
  const [, fingerprint] = (await openssh("ssh-keygen", ["-l", "-f", `${server().folder}/id_held.pub`])).split(" ");
  assertStringIncludes(await Deno.readTextFile(`${server().folder}/held/servers.yml`), `agent:${fingerprint}`);
  await agent.add("-D");
  refused(await push(env), "Cannot use a key of the ssh-agent: it has no ed25519 key");
});

/** A way to the server that is cut between a request of this path and its answer. */
async function cutBehind(path: string): Promise<Deno.HttpServer<Deno.NetAddr> & { readonly passed: string[] }> {
  const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(server().layout.certificate)] });
  const passed: string[] = [];
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method } = request;
    const headers = [...request.headers].filter(([name]) => !["host", "content-length"].includes(name));
    const body = method === "GET" ? null : await request.arrayBuffer();
    const target = `https://127.0.0.1:${server().httpsPort}${pathname}${search}`;
    const response = await fetch(target, { method, headers, body, client });
    const answer = await response.arrayBuffer();
    passed.push(`${pathname} ${response.status}`);
    if (pathname !== path) return new Response(answer, response);
    return new Response(ReadableStream.from((async function* () {
      yield new Uint8Array(answer.slice(0, 9));
      throw new Error("cut");
    })()));
  });
  proxy.finished.finally(() => client.close());
  return Object.assign(proxy, { passed });
}

Deno.test("a rotated key pushes on; a rotation cut before its answer is carried to its end by the next command", async () => {
  const env = server().laptop("rotating");
  succeeded(await server().login("lab", await server().invite("rotating", "deploy", "--scope", "keyed"), env));
  const [first] = (await keys()).filter(({ name }) => name === "rotating");
  const [rotated] = jsonLines(succeeded(await server().client(["keys", "rotate", "--server", "lab", "--json"], env)));
  succeeded(await push(env));
  const state = async () =>
    (await keys()).filter(({ name }) => name === "rotating").map(({ id, scope, revokedAt }) => ({
      id,
      scope,
      over: revokedAt !== undefined,
    }));
  assertEquals(await state(), [
    { id: first?.["id"], scope: ["keyed"], over: true },
    { id: rotated?.["id"], scope: ["keyed"], over: false },
  ]);

  const file = `${server().folder}/rotating/servers.yml`;
  const saved = await Deno.readTextFile(file);
  await using proxy = await cutBehind("/v1/keys/rotate");
  const entries = parse(saved) as { lab: Record<string, string> };
  const url = entries.lab["url"] ?? "";
  await Deno.writeTextFile(file, stringify({ lab: { ...entries.lab, url: `http://127.0.0.1:${proxy.addr.port}` } }));
  const cut = await server().client(["keys", "rotate", "--server", "lab"], env);
  assertEquals([cut.code, proxy.passed], [1, ["/v1/keys/rotate 200"]], cut.stderr);
  const [, , third] = await state();
  assertEquals(third?.over, false, "the server has the new key");
  await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace(/http:\/\/127\.0\.0\.1:\d+/, url));
  succeeded(await push(env));
  assertEquals((parse(await Deno.readTextFile(file)) as { lab: object }).lab, {
    ...entries.lab,
    key: `keys/${third?.id}`,
  });
  const left = await Array.fromAsync(Deno.readDir(`${server().folder}/rotating/keys`));
  assertEquals(left.map(({ name }) => name), [String(third?.id)]);
});
