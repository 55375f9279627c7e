import { assertEquals, assertStringIncludes } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { parseRegistries } from "../../src/wire/registries.ts";
import { BenchDaemon } from "./bench_daemon.ts";

const LOGIN = { host: "GHCR.io", username: "ann", password: "leaked-if-seen" };

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
  assertEquals((await local(daemon, "POST /v1/registries", LOGIN)).status, 200);
  assertEquals(asked, ["ghcr.io leaked-if-seen"]);
  const list = await local(daemon, "GET /v1/registries");
  assertEquals(list.text.includes(LOGIN.password), false);
  const [registry, ...more] = parseRegistries(JSON.parse(list.text));
  assertEquals([registry?.host, registry?.username, registry?.by, more], ["ghcr.io", "ann", "root@local", []]);

  const admin = await daemon.laptop({ role: "admin" });
  assertEquals((await daemon.ask(admin, "GET /v1/registries")).text, list.text);
  assertEquals((await daemon.ask(admin, "DELETE /v1/registries/ghcr.io")).status, 200);
  assertEquals((await local(daemon, "GET /v1/registries")).text, "[]");
  const again = await local(daemon, "DELETE /v1/registries/127.0.0.1%3A5000");
  assertEquals(messageOf(again), 'Cannot log out of "127.0.0.1:5000": the server is not logged in to it');
  const audit = JSON.stringify(daemon.audit.lines(100));
  assertStringIncludes(audit, '"action":"registry-set","subject":"ghcr.io","result":"ok"');
  assertEquals(audit.includes(LOGIN.password), false);
});

Deno.test("a login that its registry refuses changes nothing", async () => {
  await using daemon = await BenchDaemon.start();
  await local(daemon, "POST /v1/registries", LOGIN);
  daemon.onRegistryLogin = () => Promise.reject(new MyPaasError('Cannot log in to "ghcr.io": it refuses the user'));
  const refused = await local(daemon, "POST /v1/registries", { ...LOGIN, username: "bob" });
  assertEquals(messageOf(refused), 'Cannot log in to "ghcr.io": it refuses the user');
  const [registry] = parseRegistries(JSON.parse((await local(daemon, "GET /v1/registries")).text));
  assertEquals(registry?.username, "ann");
});

Deno.test("a login to a registry is checked before anybody is asked, and its password is not repeated", async () => {
  await using daemon = await BenchDaemon.start();
  daemon.onRegistryLogin = () => Promise.reject(new Error("asked"));
  const wrong = [{ host: "https://ghcr.io" }, { username: "a:b" }, { username: "" }, { password: "" }, { more: 1 }];
  for (const change of wrong) {
    const answer = await local(daemon, "POST /v1/registries", { ...LOGIN, ...change });
    assertEquals([answer.status, answer.text.includes(LOGIN.password)], [400, false]);
  }
});

Deno.test("a password for a registry is not taken from the network, and the rest of it only from an admin", async () => {
  await using daemon = await BenchDaemon.start();
  const admin = await daemon.laptop({ role: "admin" });
  assertStringIncludes((await daemon.ask(admin, "POST /v1/registries", LOGIN)).text, "does not know it");
  const laptop = await daemon.laptop();
  for (const where of ["GET /v1/registries", "DELETE /v1/registries/ghcr.io"]) {
    assertStringIncludes((await daemon.ask(laptop, where)).text, 'it needs \\"admin\\"');
  }
});
