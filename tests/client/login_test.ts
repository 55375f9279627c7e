import { assert, assertEquals, assertRejects } from "@std/assert";
import { newInvite, proveLoginAnswer, verifyLogin } from "../../src/auth/invite.ts";
import { generateKey, importPrivateKey, keyId } from "../../src/auth/keys.ts";
import { formatInviteLine } from "../../src/auth/server_line.ts";
import { type GivenKey, login, loginOverSsh } from "../../src/client/login.ts";
import type { ClientFiles, SavedServer } from "../../src/client/servers.ts";
import { AuthError, MyPaasError, UsageError } from "../../src/error.ts";
import { errorAnswer, toResponse } from "../../src/wire/error_body.ts";
import { parseLoginRequest } from "../../src/wire/request_schemas.ts";
import type { LoginAnswer } from "../../src/wire/requests.ts";
import { HandlerTransport } from "../fakes/handler_transport.ts";

const SERVER = "0123456789abcdef0123456789abcdef";

class MemoryFiles implements ClientFiles {
  readonly entries: Record<string, SavedServer> = {};
  key: string | undefined;

  servers = () => Promise.resolve(this.entries);
  saveServers = (entries: Readonly<Record<string, SavedServer>>) => {
    Object.assign(this.entries, entries);
    return Promise.resolve();
  };
  saveServerKey = () => Promise.reject(new Error("a login makes no key for one server"));
  removeKey = () => Promise.reject(new Error("a login removes no key"));
  privateKey = () => Promise.resolve(this.key);
  savePrivateKey = (key: string) => {
    this.key = key;
    return Promise.resolve();
  };
}

/** A server with one invite, and a laptop that logs in with it. */
async function setUp({ serverId = SERVER, proveWith }: { serverId?: string; proveWith?: string } = {}) {
  const invite = newInvite(new Date());
  const requests: string[] = [];
  let used = false;
  const transport = new HandlerTransport(async (request) => {
    requests.push(await request.clone().text());
    if (new URL(request.url).pathname === "/v1/hello") {
      return Response.json({ serverId, version: "0.1.0", time: new Date().toISOString() });
    }
    if (used) return toResponse(errorAnswer(new AuthError("Cannot log in: the invite was used before")));
    used = true;
    const asked = parseLoginRequest(await request.json());
    await verifyLogin(asked, { serverId, secret: invite.secret });
    const granted = { key: await keyId(asked.publicKey), name: "ann", role: "deploy", scope: ["blog"] } as const;
    const context = { serverId, secret: proveWith ?? invite.secret, request: asked };
    return Response.json({ ...granted, proof: await proveLoginAnswer(granted, context) } satisfies LoginAnswer);
  });
  const files = new MemoryFiles();
  const daemonKey = (await generateKey()).publicKey;
  const certificatePin = "A".repeat(43);
  const server = { url: "https://paas.example", serverId: SERVER, daemonKey, certificatePin };
  const parts = { files, connect: () => Promise.resolve({ transport, certificate: "PEM" }), now: () => new Date() };
  const line = formatInviteLine({ ...invite, ...server });
  const run = (givenKey?: () => Promise<GivenKey>) => login({ name: "paas", line }, { ...parts, givenKey });
  return { run, files, invite, server, requests, transport };
}

Deno.test("login() makes a key, registers it without sending the secret, and remembers the server", async () => {
  const { run, files, invite, server, requests, transport } = await setUp();
  const answer = await run();
  assertEquals([answer.name, answer.role, answer.scope], ["ann", "deploy", ["blog"]]);
  assertEquals(files.entries, { paas: { ...server, certificate: "PEM", key: undefined, nextKey: undefined } });
  assertEquals((await importPrivateKey(files.key ?? "")).id, answer.key);
  assert(!requests.join().includes(invite.secret));
  assertEquals(transport.closed, true);
});

Deno.test("login() keeps the key that a laptop has", async () => {
  const first = await setUp();
  await first.run();
  const second = await setUp();
  second.files.key = first.files.key;
  await second.run();
  assertEquals(second.files.key, first.files.key);
});

Deno.test("login() registers a key that is elsewhere, and saves only where it is", async () => {
  const { run, files } = await setUp();
  const signer = await generateKey();
  const answer = await run(() => Promise.resolve({ signer, reference: "/home/ann/.ssh/id_ed25519" }));
  assertEquals([answer.key, files.key], [signer.id, undefined]);
  const entry = files.entries["paas"];
  assert(entry !== undefined && "key" in entry);
  assertEquals(entry.key, "/home/ann/.ssh/id_ed25519");
});

Deno.test("login() says what the daemon says of a used invite, and remembers nothing", async () => {
  const { run, files } = await setUp();
  await run();
  delete files.entries["paas"];
  await assertRejects(() => run(), AuthError, "the invite was used before");
  assertEquals(files.entries, {});
});

Deno.test("login() stops at another server before it sends a proof", async () => {
  const { run, files, requests } = await setUp({ serverId: "f".repeat(32) });
  await assertRejects(() => run(), AuthError, "https://paas.example is not the server that the invite is from");
  assertEquals([requests.length, files.key, files.entries], [1, undefined, {}]);
});

Deno.test("login() does not believe a server that does not know the secret", async () => {
  const { run, files } = await setUp({ proveWith: newInvite(new Date()).secret });
  await assertRejects(() => run(), MyPaasError, "result not proved");
  assertEquals(files.entries, {});
});

Deno.test("login() refuses a name that could be an address", async () => {
  const files = new MemoryFiles();
  const connect = () => Promise.reject(new Error("must not connect"));
  for (const name of ["", "a b", "https://x", "-x", "a#b"]) {
    await assertRejects(
      () => login({ name, line: "" }, { files, connect, now: () => new Date() }),
      UsageError,
      "Cannot name a server",
    );
  }
});

Deno.test("loginOverSsh() remembers a server that answers, and needs no key", async () => {
  const files = new MemoryFiles();
  const now = () => new Date();
  const answer = { serverId: SERVER, version: "1.2.3", time: now().toISOString() };
  const transport = new HandlerTransport(() => Response.json(answer));
  assertEquals(await loginOverSsh({ name: "vm", url: "ssh://vm" }, { files, transport, now }), "1.2.3");
  assertEquals([files.entries, files.key, transport.closed], [{ vm: { url: "ssh://vm" } }, undefined, true]);
  const away = new HandlerTransport(() => Promise.reject(new MyPaasError("Cannot reach ssh://no: no")));
  await assertRejects(
    () => loginOverSsh({ name: "no", url: "ssh://no" }, { files, transport: away, now }),
    MyPaasError,
  );
  await assertRejects(() => loginOverSsh({ name: "a b", url: "ssh://no" }, { files, transport, now }), UsageError);
  assertEquals(Object.keys(files.entries), ["vm"]);
});
