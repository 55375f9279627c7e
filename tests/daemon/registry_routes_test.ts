import { assertEquals, assertStringIncludes } from "@std/assert";
import { generateSealingKey, seal } from "../../src/auth/seal.ts";
import { MyPaasError } from "../../src/error.ts";
import { parseRegistriesAnswer, registryContext, type RegistryLoginRequest } from "../../src/wire/registries.ts";
import { BenchDaemon } from "./bench_daemon.ts";

const PASSWORD = "leaked-if-seen";

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function local(daemon: BenchDaemon, where: string, json?: unknown): Promise<Answer> {
  const [method = "", path = ""] = where.split(" ");
  const body = json === undefined ? undefined : JSON.stringify(json);
  const response = await daemon.local(
    new Request(`http://daemon${path}`, { method, ...body !== undefined && { body } }),
  );
  return { status: response.status, text: await response.text() };
}

/** A login as a client makes it. */
async function login(
  { serverId, parts }: BenchDaemon,
  { host = "images.example.org", username = "ann", password = PASSWORD }: {
    readonly host?: string;
    readonly username?: string;
    readonly password?: string;
  } = {},
): Promise<RegistryLoginRequest> {
  const context = registryContext(serverId, { host, username });
  return { host, username, password: await seal(password, { reader: parts.sealingKey.publicKey, context }) };
}

async function listed(daemon: BenchDaemon) {
  const { text } = await local(daemon, "GET /v1/registries");
  assertEquals(text.includes(PASSWORD), false);
  return parseRegistriesAnswer(JSON.parse(text)).registries;
}

function messageOf({ text }: Answer): string {
  return JSON.parse(text).error.message;
}

Deno.test("a registry is logged in to, listed without its password, and logged out of", async () => {
  await using daemon = await BenchDaemon.start();
  const asked: string[] = [];
  daemon.onRegistryLogin = ({ host, password }) => {
    asked.push(`${host} ${password}`);
    return Promise.resolve();
  };
  const request = await login(daemon, { host: "IMAGES.example.org" });
  assertEquals((await local(daemon, "POST /v1/registries", request)).status, 200);
  assertEquals(asked, [`images.example.org ${PASSWORD}`]);
  const [registry, ...more] = await listed(daemon);
  assertEquals([registry?.host, registry?.username, registry?.by, more], [
    "images.example.org",
    "ann",
    "root@local",
    [],
  ]);

  const admin = await daemon.laptop({ role: "admin" });
  assertEquals((await daemon.ask(admin, "DELETE /v1/registries/images.example.org")).status, 200);
  assertEquals(await listed(daemon), []);
  const again = await local(daemon, "DELETE /v1/registries/127.0.0.1%3A5000");
  assertEquals(messageOf(again), 'Cannot log out of "127.0.0.1:5000": the server is not logged in to it');
  const audit = JSON.stringify(daemon.audit.lines(100));
  assertStringIncludes(audit, '"action":"registry-set","subject":"images.example.org","result":"ok"');
  assertEquals(audit.includes(PASSWORD), false);
});

Deno.test("a login that its registry refuses changes nothing", async () => {
  await using daemon = await BenchDaemon.start();
  await local(daemon, "POST /v1/registries", await login(daemon));
  daemon.onRegistryLogin = () =>
    Promise.reject(new MyPaasError('Cannot log in to "images.example.org": it refuses the user'));
  const refused = await local(daemon, "POST /v1/registries", await login(daemon, { username: "bob" }));
  assertEquals(messageOf(refused), 'Cannot log in to "images.example.org": it refuses the user');
  assertEquals((await listed(daemon)).map(({ username }) => username), ["ann"]);
});

Deno.test("a login to a registry is checked before that is asked, and its password is not repeated", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.onRegistryLogin = () => Promise.reject(new Error("asked"));
  const good = await login(daemon);
  const reader = (await generateSealingKey()).publicKey;
  const context = registryContext(daemon.serverId, good);
  const wrong = [
    await login(daemon, { host: "https://images.example.org" }),
    await login(daemon, { username: "a:b" }),
    await login(daemon, { username: "" }),
    await login(daemon, { password: "" }),
    { ...good, password: PASSWORD },
    { ...good, more: 1 },
    // Sealed for another registry, or for another server: not to be had by who relays it.
    { ...good, host: "registry.example.org" },
    { ...good, password: await seal(PASSWORD, { reader, context }) },
  ];
  for (const request of wrong) {
    const { status, text } = await local(daemon, "POST /v1/registries", request);
    assertEquals([status >= 400, text.includes(PASSWORD), text.includes("asked")], [true, false, false], text);
  }
});

Deno.test("a server is logged in to a registry from anywhere by an admin, and by nobody else", async () => {
  await using daemon = await BenchDaemon.start();
  const [admin, laptop] = [await daemon.laptop({ role: "admin" }), await daemon.laptop({ name: "bob" })];
  const request = await login(daemon);
  for (const where of ["GET /v1/registries", "POST /v1/registries", "DELETE /v1/registries/images.example.org"]) {
    const json = where.startsWith("POST") ? request : undefined;
    assertStringIncludes((await daemon.ask(laptop, where, json)).text, 'it needs \\"admin\\"');
  }
  assertEquals((await daemon.ask(admin, "POST /v1/registries", request)).status, 200);
  assertEquals((await listed(daemon)).map(({ by }) => by), [`ann (${admin.id})`]);
});
