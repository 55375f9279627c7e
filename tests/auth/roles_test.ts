import { assertEquals, assertThrows } from "@std/assert";
import type { Actor } from "../../src/auth/actor.ts";
import { checkChange, checkGrant, type Command, commands, type Grant, inScope, mayDo } from "../../src/auth/roles.ts";
import { AuthError, UsageError } from "../../src/error.ts";

const LOCAL: Actor = { kind: "local", name: "root@local" };
const ID = "0011223344556677";

function actor(role: Grant["role"], ...scope: string[]): Actor {
  return { kind: "key", id: ID, name: "laptop", role, scope };
}

/** Who may do what: `d` deploy, `a` admin; of a service in their scope, and of another (`-`: no such question). */
const TABLE: Readonly<Record<Command, readonly [inScope: string, outOfScope: string]>> = {
  hello: ["da", "-"],
  login: ["da", "-"],
  missing: ["da", ""],
  blobs: ["da", ""],
  deploy: ["da", ""],
  events: ["da", ""],
  ps: ["da", "-"],
  logs: ["da", ""],
  history: ["da", ""],
  verdict: ["da", ""],
  rollback: ["da", ""],
  restart: ["da", ""],
  cancel: ["da", ""],
  scale: ["a", ""],
  stop: ["a", ""],
  start: ["a", ""],
  remove: ["a", ""],
  stats: ["da", "-"],
  "env-list": ["da", ""],
  "env-get": ["a", ""],
  "env-set": ["a", ""],
  "registry-list": ["", "-"],
  "registry-set": ["", "-"],
  exec: ["a", ""],
  run: ["a", ""],
  "keys-list": ["a", "-"],
  "keys-revoke": ["a", "-"],
  invite: ["a", "-"],
  "keys-add": ["a", "-"],
  "keys-rename": ["a", "-"],
  "keys-rotate": ["da", "-"],
};

function whoMay(command: Command, service: string | undefined): string {
  const may = (role: Grant["role"]) => {
    try {
      return mayDo(actor(role, "blog"), command, service);
    } catch (error) {
      if (error instanceof AuthError) return false;
      throw error;
    }
  };
  return `${may("deploy") ? "d" : ""}${may("admin") ? "a" : ""}`;
}

Deno.test("the table of commands names all that this test knows", () => {
  assertEquals(Object.keys(commands), Object.keys(TABLE));
});

for (const [name, [inside, outside]] of Object.entries(TABLE)) {
  const command = name as Command;
  const isOfService = commands[command].on === "service";
  Deno.test(`mayDo() lets "${inside}" do ${command}, and the local actor`, () => {
    assertEquals(whoMay(command, isOfService ? "blog" : undefined), inside);
    assertEquals(isOfService ? whoMay(command, "shop") : "-", outside);
    assertEquals(mayDo(LOCAL, command, isOfService ? "shop" : undefined), true);
  });
}

Deno.test("mayDo() says which key, role and scope were not enough", () => {
  const role = assertThrows(() => mayDo(actor("deploy", "*"), "invite"), AuthError);
  assertEquals(role.message, `Cannot do "invite": the key "laptop" (${ID}) has the role "deploy", it needs "admin"`);
  const scope = assertThrows(() => mayDo(actor("deploy", "blog", "wiki"), "deploy", "shop"), AuthError);
  assertEquals(
    scope.message,
    `Cannot do "deploy" of "shop": the key "laptop" (${ID}) has the role "deploy" for "blog", "wiki"`,
  );
  const none = assertThrows(() => mayDo(actor("admin"), "logs", "shop"), AuthError);
  assertEquals(
    none.message,
    `Cannot do "logs" of "shop": the key "laptop" (${ID}) has the role "admin" for no service`,
  );
});

Deno.test("mayDo() lets no key for some services touch what all services use", () => {
  const error = assertThrows(() => mayDo(actor("admin", "blog"), "registry-set"), AuthError);
  assertEquals(error.message, `Cannot do "registry-set": the key "laptop" (${ID}) is for "blog", it must be for all`);
  assertEquals([mayDo(actor("admin", "*"), "registry-set"), mayDo(LOCAL, "registry-set")], [true, true]);
});

Deno.test("mayDo() asks for the service of a command on one service", () => {
  assertThrows(() => mayDo(LOCAL, "deploy"), UsageError, 'Cannot do "deploy": it needs the name of a service');
});

Deno.test('inScope() knows "*", names, and that the local actor sees all', () => {
  assertEquals(inScope(actor("deploy", "*"), "blog"), true);
  assertEquals(inScope(actor("deploy", "blog"), "blog"), true);
  assertEquals(inScope(actor("deploy", "blog"), "blog2"), false);
  assertEquals(inScope(LOCAL, "blog"), true);
});

Deno.test("checkGrant() takes what the inviter has itself", () => {
  checkGrant(LOCAL, { role: "admin", scope: ["*"] });
  checkGrant(actor("admin", "*"), { role: "admin", scope: ["*"] });
  checkGrant(actor("admin", "*"), { role: "deploy", scope: ["blog"] });
  checkGrant(actor("admin", "blog", "shop"), { role: "admin", scope: ["shop"] });
});

Deno.test("checkGrant() never grants more role or scope than the inviter has", () => {
  const refuse = (by: Actor, grant: Grant, excess: string, has: string) => {
    const error = assertThrows(() => checkGrant(by, grant), AuthError);
    assertEquals(
      error.message,
      `Cannot invite with ${excess}: a key never grants more than it has, the key "laptop" (${ID}) has the role ${has}`,
    );
  };
  refuse(actor("deploy", "*"), { role: "admin", scope: ["blog"] }, 'the role "admin"', '"deploy" for all services');
  refuse(actor("admin", "blog"), { role: "deploy", scope: ["*"] }, '"*" in its scope', '"admin" for "blog"');
  refuse(
    actor("admin", "blog"),
    { role: "deploy", scope: ["blog", "shop"] },
    '"shop" in its scope',
    '"admin" for "blog"',
  );
});

Deno.test('checkGrant() takes only "*" and names of services', () => {
  const none = assertThrows(() => checkGrant(LOCAL, { role: "deploy", scope: [] }), UsageError);
  assertEquals(none.message, 'Cannot invite: the scope must name a service, or be "*"');
  for (const name of ["Blog", "blog*", "", "mypaas-daemon", "traefik", "a b"]) {
    const error = assertThrows(() => checkGrant(LOCAL, { role: "deploy", scope: ["blog", name] }), UsageError);
    assertEquals(error.message, `Cannot invite: the scope has "${name}", allowed are "*" and names of services`);
  }
});

Deno.test("checkChange() keeps a key from revoking or renaming one that has more", () => {
  const boss = { name: "boss", role: "admin", scope: ["*"], verb: "revoke" } as const;
  checkChange(LOCAL, boss);
  checkChange(actor("admin", "*"), boss);
  const error = assertThrows(() => checkChange(actor("admin", "blog"), boss), AuthError);
  assertEquals(
    error.message,
    `Cannot revoke the key "boss": it has "*" in its scope, the key "laptop" (${ID}) has the role "admin" for "blog"`,
  );
});
