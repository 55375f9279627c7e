import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { exportPrivateKey, generateKey, importPrivateKey, type KeyPair } from "../../src/auth/keys.ts";
import { newNonce, signRequest } from "../../src/auth/request_signature.ts";
import { exec, inspect, owned } from "./engine.ts";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

const server = sharedServer();
const PROJECT = { name: "guarded", options: { domain: "guarded.test" }, app: { TEXT: "guarded" } };

/** How many refusals the audit has, and which images there are: what an attack must change and what not. */
async function traces(): Promise<{ readonly refusals: number; readonly images: readonly string[] }> {
  using database = new DatabaseSync(server().layout.database, { readOnly: true });
  const row = database.prepare("SELECT coalesce(sum(count), 0) AS refusals FROM audit WHERE result <> 'ok'").get();
  return { refusals: Number(row?.["refusals"]), images: (await owned(server().serverId)).images };
}

/** Runs what must be refused, and checks that it left an audit line and built nothing. */
async function refused(attack: () => Promise<void>): Promise<void> {
  const before = await traces();
  await attack();
  const after = await traces();
  assertGreater(after.refusals, before.refusals, "an audit line is written");
  assertEquals(after.images, before.images, "nothing is built");
}

/** The key of the laptop that is logged in as admin. */
async function adminKey(): Promise<KeyPair> {
  return await importPrivateKey(await Deno.readTextFile(`${server().folder}/laptop/key`));
}

interface Crafted {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly body?: string;
}

/** A manifest that would be accepted, up to the Dockerfile. */
const DEPLOY: Crafted = {
  method: "POST",
  path: "/v1/deploy?service=guarded",
  body: JSON.stringify({
    service: "guarded",
    dockerfile: "Dockerfile",
    manifest: { entries: [] },
    force: true,
    dryRun: false,
  }),
};
const SERVICES: Crafted = { method: "GET", path: "/v1/services" };

/** The headers of a signed request. */
async function signed({ method, path, body }: Crafted, key: KeyPair, serverId = server().serverId) {
  const { pathname, search } = new URL(path, "http://any");
  const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
  return await signRequest({ method, path: pathname, query: search, body: bytes }, key, {
    serverId,
    now: new Date(),
    nonce: newNonce(),
  });
}

/** Sends a request to the receiver through Traefik, over TLS with the pinned certificate, and returns the status. */
async function send({ method, path, body }: Crafted, headers: Record<string, string> = {}): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(server().layout.certificate)] });
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const response = await fetch(`https://127.0.0.1:${server().httpsPort}${path}`, { ...init, client });
  await response.text();
  return response.status;
}

Deno.test("a signed request is answered: what the attacks below leave out is what they are refused for", async () => {
  succeeded(await server().push(PROJECT));
  assertEquals(await send(SERVICES, await signed(SERVICES, await adminKey())), 200);
});

Deno.test("an unknown key is refused: 401, exit 3", async () => {
  const stranger = await generateKey();
  await refused(async () => assertEquals(await send(DEPLOY, await signed(DEPLOY, stranger)), 401));
  const laptop = server().laptop("stranger");
  await Deno.mkdir(`${server().folder}/stranger`, { mode: 0o700 });
  await Deno.copyFile(`${server().folder}/laptop/servers.yml`, `${server().folder}/stranger/servers.yml`);
  await Deno.writeTextFile(`${server().folder}/stranger/key`, await exportPrivateKey(stranger), { mode: 0o600 });
  await refused(async () => {
    const ran = await server().client(["push", "lab", await server().project(PROJECT), "--force"], laptop);
    assertEquals(ran.code, 3, ran.stderr);
  });
});

Deno.test("an unsigned request is refused", async () => {
  for (const crafted of [DEPLOY, SERVICES]) {
    await refused(async () => assertEquals(await send(crafted), 401));
  }
});

Deno.test("a revoked key is refused: 401, exit 3", async () => {
  const laptop = server().laptop("guest");
  succeeded(await server().login("lab", await server().invite("guest", "deploy"), laptop));
  const dockerfile = await server().project(PROJECT);
  succeeded(await server().client(["push", "lab", dockerfile, "--force"], laptop));
  const keys = jsonLines(succeeded(await server().run(["keys", "list", "--json"]))).flat();
  const guest = keys.find(({ name }) => name === "guest");
  succeeded(await server().run(["keys", "revoke", String(guest?.["id"])]));
  await refused(async () => {
    const ran = await server().client(["push", "lab", dockerfile, "--force"], laptop);
    assertEquals(ran.code, 3, ran.stderr);
  });
  const key = await importPrivateKey(await Deno.readTextFile(`${server().folder}/guest/key`));
  await refused(async () => assertEquals(await send(SERVICES, await signed(SERVICES, key)), 401));
});

Deno.test("a key whose scope lacks the service may not push it", async () => {
  const laptop = server().laptop("scoped");
  succeeded(await server().login("lab", await server().invite("scoped", "deploy", "--scope", "other"), laptop));
  await refused(async () => {
    const ran = await server().client(["push", "lab", await server().project(PROJECT), "--force"], laptop);
    assertEquals(ran.code, 3, ran.stderr);
  });
});

Deno.test("a replayed request is refused", async () => {
  const headers = await signed(SERVICES, await adminKey());
  assertEquals(await send(SERVICES, headers), 200);
  await refused(async () => assertEquals(await send(SERVICES, headers), 401));
});

Deno.test("a request for another server id is refused", async () => {
  const other = "0123456789abcdef0123456789abcdef";
  await refused(async () => assertEquals(await send(SERVICES, await signed(SERVICES, await adminKey(), other)), 401));
  const headers = { ...await signed(SERVICES, await adminKey(), other), "mypaas-server": server().serverId };
  await refused(async () => assertEquals(await send(SERVICES, headers), 401));
});

Deno.test("a request whose body, path or query was changed is refused", async () => {
  const headers = await signed(DEPLOY, await adminKey());
  const changed = { ...DEPLOY, body: DEPLOY.body?.replace("Dockerfile", "dockerfile") ?? "" };
  await refused(async () => assertEquals(await send(changed, headers), 401));
  await refused(async () => {
    const query = { ...DEPLOY, path: "/v1/deploy?service=other" };
    assertEquals(await send(query, await signed(DEPLOY, await adminKey())), 401);
  });
});

Deno.test("a used and an expired invite are refused: exit 3", async () => {
  const line = await server().invite("once", "deploy");
  succeeded(await server().login("lab", line, server().laptop("once")));
  await refused(async () => {
    const ran = await server().login("lab", line, server().laptop("twice"));
    assertEquals(ran.code, 3, ran.stderr);
  });
  const late = await server().invite("late", "deploy");
  using database = new DatabaseSync(server().layout.database, { timeout: 5000 });
  database.prepare("UPDATE invites SET expires_at = ? WHERE used_at IS NULL").run("2020-01-01T00:00:00.000Z");
  await refused(async () => {
    const ran = await server().login("lab", late, server().laptop("late"));
    assertEquals(ran.code, 3, ran.stderr);
  });
});

Deno.test("the gate refuses what code inside the receiver's container sends without a valid signature", async () => {
  const { receiver } = server().names;
  const { layout } = server();
  const { Mounts } = await inspect(receiver);
  const inside = (source: string) => Mounts.find(({ Source }) => Source === source)?.Destination ?? "";
  // Whoever takes the receiver over can write to the spool: that is how this program gets in.
  await Deno.copyFile(`${CHECKOUT}/.tools/testapp/app`, `${layout.spool}/attack`);
  await Deno.chmod(`${layout.spool}/attack`, 0o755);
  const call = async ({ method, path, body = "" }: Crafted, headers: Record<string, string> = {}) => {
    const { output } = await exec(receiver, [
      `${inside(layout.spool)}/attack`,
      ...["call", `${inside(layout.gate)}/gate.sock`, method, path, body],
      ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    ]);
    return output;
  };
  assertStringIncludes(await call({ method: "GET", path: "/v1/hello" }), "200\n");
  for (const crafted of [DEPLOY, SERVICES]) {
    await refused(async () => assertStringIncludes(await call(crafted), "401\n"));
  }
  const admin = await adminKey();
  const forger = { ...await generateKey(), id: admin.id };
  await refused(async () => assertStringIncludes(await call(DEPLOY, await signed(DEPLOY, forger)), "401\n"));
  await refused(async () => assertStringIncludes(await call(SERVICES, await signed(SERVICES, forger)), "401\n"));
  await Deno.remove(`${layout.spool}/attack`);
});
