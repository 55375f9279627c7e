import { assertEquals, assertStringIncludes } from "@std/assert";
import { generateKey, type KeyPair } from "../../src/auth/keys.ts";
import { signRotation } from "../../src/auth/rotation.ts";
import { parseServerLine } from "../../src/auth/server_line.ts";
import type { AddKeyRequest } from "../../src/wire/keys.ts";
import { BenchDaemon, type GateAnswer } from "./bench_daemon.ts";

/** The body of an answer, which must be proved. */
function json({ text, proved }: GateAnswer) {
  assertEquals(proved, true, text);
  return JSON.parse(text);
}

/** A refusal: its sentence and hint; the audit has it too. */
function refusal(daemon: BenchDaemon, answer: GateAnswer): { readonly message: string; readonly hint?: string } {
  const { error } = json(answer);
  assertEquals(daemon.audit.lines(1)[0]?.result, error.message);
  return error;
}

function admin(daemon: BenchDaemon, ...scope: string[]): Promise<KeyPair> {
  return daemon.laptop({ name: "boss", role: "admin", scope: scope.length === 0 ? ["*"] : scope });
}

const CI: Omit<AddKeyRequest, "publicKey"> = { name: "ci", role: "deploy", scope: ["blog"] };

Deno.test("an admin adds a public key, which then may do what it was given", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, ci] = [await admin(daemon), await generateKey()];
  const { key, server } = json(await daemon.ask(boss, "POST /v1/keys", { ...CI, publicKey: ci.publicKey }));
  assertEquals([key.id, key.name, key.role, key.scope], [ci.id, "ci", "deploy", ["blog"]]);
  assertEquals(parseServerLine(server).serverId, daemon.serverId);
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.actor, line?.action, line?.subject, line?.result], [
    `boss (${boss.id})`,
    "keys-add",
    ci.id,
    "ok",
  ]);
  assertEquals((await daemon.ask(ci, "GET /v1/services")).status, 200);
  assertEquals((await daemon.ask(ci, "GET /v1/services/shop/logs")).status, 401);
});

Deno.test("a key that is added has no more than who adds it", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, { publicKey, id }] = [await admin(daemon, "blog"), await generateKey()];
  for (
    const [grant, excess] of [
      [{ ...CI, scope: ["*"] }, '"*" in its scope'],
      [{ ...CI, scope: ["blog", "shop"] }, '"shop" in its scope'],
      [{ ...CI, role: "admin", scope: ["shop"] }, '"shop" in its scope'],
    ] as const
  ) {
    const answer = await daemon.ask(boss, "POST /v1/keys", { ...grant, publicKey });
    const { message } = refusal(daemon, answer);
    assertStringIncludes(message, `Cannot add the key "ci" with ${excess}: a key never grants more than it has`);
  }
  const ann = await daemon.laptop({ scope: ["blog"] });
  const { message } = refusal(daemon, await daemon.ask(ann, "POST /v1/keys", { ...CI, publicKey }));
  assertStringIncludes(message, 'has the role "deploy", it needs "admin"');
  assertEquals(daemon.keys.key(id), undefined);
});

Deno.test("a key that is registered keeps its rights when somebody adds it again; a revoked one comes back", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, ann] = [await admin(daemon), await daemon.laptop({ scope: ["shop"] })];
  const request = { ...CI, publicKey: ann.publicKey };
  const { message, hint } = refusal(daemon, await daemon.ask(boss, "POST /v1/keys", request));
  assertEquals(message, `Cannot add the key "ci": it is registered already, as "ann" (${ann.id})`);
  assertStringIncludes(hint ?? "", `mypaas keys revoke ${ann.id}`);
  assertEquals(daemon.keys.key(ann.id)?.scope, ["shop"]);
  await daemon.ask(boss, `DELETE /v1/keys/${ann.id}`);
  json(await daemon.ask(boss, "POST /v1/keys", request));
  const { name, scope, revokedAt } = daemon.keys.key(ann.id) ?? {};
  assertEquals([name, scope, revokedAt], ["ci", ["blog"], undefined]);
});

Deno.test("a key is revoked and renamed by its id, or by a name that only one has", async () => {
  await using daemon = await BenchDaemon.start();
  const boss = await admin(daemon);
  const [ann, bob] = [await daemon.laptop({ name: "ann b." }), await daemon.laptop({ name: "bob" })];
  assertEquals(json(await daemon.ask(boss, "POST /v1/keys/ann%20b./name", { name: "bob" })).id, ann.id);
  const { message, hint } = refusal(daemon, await daemon.ask(boss, "DELETE /v1/keys/bob"));
  assertEquals(message, 'Cannot revoke the key "bob": 2 have that name');
  for (const { id } of [ann, bob]) assertStringIncludes(hint ?? "", id);
  assertEquals(json(await daemon.ask(boss, `DELETE /v1/keys/${bob.id}`)), {
    id: bob.id,
    name: "bob",
    own: false,
    admins: 1,
  });
  assertEquals(json(await daemon.ask(boss, "DELETE /v1/keys/bob")).id, ann.id);
  assertEquals((await daemon.ask(ann, "GET /v1/services")).status, 401);
  const unknown = refusal(daemon, await daemon.ask(boss, "DELETE /v1/keys/carl"));
  assertEquals(unknown.message, 'Cannot revoke the key "carl": there is no such key');
  assertEquals((await daemon.ask(boss, "DELETE /v1/keys/%zz")).status, 400);
});

Deno.test("a renamed key has its new name in the audit, and no key renames one that has more", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, some] = [await admin(daemon), await daemon.laptop({ name: "some", role: "admin", scope: ["blog"] })];
  const renamed = json(await daemon.ask(some, `POST /v1/keys/${some.id}/name`, { name: "Ann Lee" }));
  assertEquals([renamed.id, renamed.name], [some.id, "Ann Lee"]);
  const { message } = refusal(daemon, await daemon.ask(some, `POST /v1/keys/${boss.id}/name`, { name: "x" }));
  assertStringIncludes(message, 'Cannot rename the key "boss": it has "*" in its scope, the key "Ann Lee"');
  assertEquals(daemon.audit.lines(1)[0]?.actor, `Ann Lee (${some.id})`);
  assertEquals(daemon.keys.key(boss.id)?.name, "boss");
  assertEquals((await daemon.ask(boss, `POST /v1/keys/${some.id}/name`, { name: "\u001b[2J" })).status, 400);
});

Deno.test("the last key that may do everything is revoked on the server only, which says what that means", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, some] = [await admin(daemon), await admin(daemon, "blog")];
  const { message, hint } = refusal(daemon, await daemon.ask(boss, `DELETE /v1/keys/${boss.id}`));
  assertEquals(message, 'Cannot revoke the key "boss": it is the last one that may do everything');
  assertStringIncludes(hint ?? "", `on the server itself: mypaas keys revoke ${boss.id}`);
  assertEquals(daemon.keys.key(boss.id)?.revokedAt, undefined);
  assertEquals(json(await daemon.ask(some, `DELETE /v1/keys/${some.id}`)).own, true);
  const here = await daemon.local(new Request(`http://daemon/v1/keys/${boss.id}`, { method: "DELETE" }));
  assertEquals(await here.json(), { id: boss.id, name: "boss", own: false, admins: 0 });
});

Deno.test("one of two admins may revoke itself", async () => {
  await using daemon = await BenchDaemon.start();
  const [boss, second] = [await admin(daemon), await admin(daemon)];
  assertEquals(json(await daemon.ask(boss, `DELETE /v1/keys/${boss.id}`)).admins, 1);
  assertEquals((await daemon.ask(boss, "GET /v1/services")).status, 401);
  assertEquals((await daemon.ask(second, "GET /v1/services")).status, 200);
});

/** What a laptop sends to put `next` in place of `old`. */
async function rotation({ serverId }: BenchDaemon, old: KeyPair, next: KeyPair) {
  return { publicKey: next.publicKey, signature: await signRotation({ serverId, oldKey: old.id }, next) };
}

const ROTATE = "POST /v1/keys/rotate";

Deno.test("a rotated key takes name, role and scope over, and the old one is revoked with it", async () => {
  await using daemon = await BenchDaemon.start();
  const [ann, next] = [await daemon.laptop({ name: "ann", scope: ["blog"] }), await generateKey()];
  const request = await rotation(daemon, ann, next);
  const key = json(await daemon.ask(ann, ROTATE, request));
  assertEquals([key.id, key.name, key.role, key.scope], [next.id, "ann", "deploy", ["blog"]]);
  const [line] = daemon.audit.lines(1);
  assertEquals([line?.actor, line?.action, line?.subject], [`ann (${ann.id})`, "keys-rotate", `${ann.id} ${next.id}`]);
  assertEquals((await daemon.ask(ann, ROTATE, request)).status, 401, "the old key is over");
  assertEquals(json(await daemon.ask(next, ROTATE, request)).id, next.id, "the new one learns that it is in place");
  assertEquals(daemon.keys.keys().filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id), [next.id]);
});

Deno.test("nobody rotates to a key whose private part it has not, that is registered, or was revoked", async () => {
  await using daemon = await BenchDaemon.start();
  const [ann, boss, gone] = [await daemon.laptop(), await admin(daemon), await daemon.laptop({ name: "gone" })];
  daemon.keys.revoke(gone.id, new Date().toISOString());
  const stolen = { ...await rotation(daemon, ann, ann), publicKey: boss.publicKey };
  const { message } = refusal(daemon, await daemon.ask(ann, ROTATE, stolen));
  assertEquals(message, "Cannot rotate the key: it is not signed with the private key of the next one");
  const known = refusal(daemon, await daemon.ask(ann, ROTATE, await rotation(daemon, ann, boss)));
  assertEquals(known.message, `Cannot rotate the key "ann": the next one, ${boss.id}, is registered already`);
  const revoked = refusal(daemon, await daemon.ask(ann, ROTATE, await rotation(daemon, ann, gone)));
  assertEquals(revoked.message, `Cannot rotate the key "ann": the next one, ${gone.id}, was revoked`);
  assertEquals([daemon.keys.key(ann.id)?.revokedAt, daemon.keys.key(boss.id)?.role], [undefined, "admin"]);
});

Deno.test("the server itself has no key to rotate", async () => {
  await using daemon = await BenchDaemon.start();
  const response = await daemon.local(new Request("http://daemon/v1/keys/rotate", { method: "POST", body: "{}" }));
  assertEquals(response.status, 400);
});
