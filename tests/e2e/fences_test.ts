import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { importPrivateKey } from "../../src/auth/keys.ts";
import { parseSettings } from "../../src/setup/settings_file.ts";
import { Attacker, type Crafted } from "./attacks/attacker.ts";
import { containerAttempts } from "./attacks/hostile_container.ts";
import { scopedPushes } from "./attacks/scoped_pushes.ts";
import { auditOf } from "./attacks/traces.ts";
import { containersOf, exec, inspect, look } from "./engine.ts";
import { piped } from "./input.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

// What a hostile service, a key for one service, and code inside the receiver's container try against another service.

const server = sharedServer({ supervisor: "none" });
/** Whatever is the victim's has it: secret, volume, image, log. */
const MARK = `mine-${crypto.randomUUID()}`;
const EVIL = { name: "evil", app: { TEXT: "evil" }, from: "busybox" };
const VICTIM = {
  name: "victim",
  options: { domain: "victim.test", port: 8080, isolated: "true", env: "TOKEN@file", volume: "~/victim:/data" },
  app: { TEXT: "victim", PORT: "8080" },
  from: "busybox",
  instructions: [`RUN --mount=type=cache,id=shared,target=/c echo ${MARK} > /c/file && echo ${MARK} > /file`],
};

/** Attempts so far, each of which was refused. */
let refused = 0;

interface Scene {
  readonly attacker: Attacker;
  /** The container of the hostile service. */
  readonly evil: string;
  readonly routes: string;
}
let prepared: Promise<Scene> | undefined;

function scene(): Promise<Scene> {
  return prepared ??= prepare();
}

async function prepare(): Promise<Scene> {
  succeeded(await piped(MARK, ["env", "set", "victim", "TOKEN", "--secret", "--server", "lab"], server().laptop()));
  succeeded(await server().push(VICTIM));
  await Deno.writeTextFile(`${await volumes()}/victim/file`, MARK);
  await Deno.mkdir(`${await volumes()}/left`);
  await Deno.writeTextFile(`${await volumes()}/left/file`, MARK);
  for (const role of ["deploy", "admin"] as const) {
    const laptop = server().laptop(role);
    succeeded(await server().login("lab", await server().invite(role, role, "--scope", "evil"), laptop));
  }
  succeeded(await pushEvil({ options: ["volume = ~/evil:/data"] }));
  const [container] = await containersOf(server().serverId, "evil");
  assert(container);
  return { attacker: await Attacker.of(server()), evil: container.Id, routes: await routes() };
}

async function settings() {
  const { layout } = server();
  return parseSettings(await Deno.readTextFile(layout.settings), layout.settings);
}

async function volumes(): Promise<string> {
  return (await settings()).volumes;
}

/** The routes of the victim. */
async function routes(): Promise<string> {
  const text = await Deno.readTextFile(server().layout.routesFile);
  return text.split("\n").filter((line) => line.includes("victim")).join("\n");
}

/** Pushes the hostile service with the key that is for it alone. */
async function pushEvil(
  { options = [], head = [], from = "busybox", instructions = [] }: {
    readonly options?: readonly string[];
    readonly head?: readonly string[];
    readonly from?: string;
    readonly instructions?: readonly string[];
  },
): Promise<Ran> {
  const project = { ...EVIL, from, head: [...options.map((option) => `# mypaas.${option}`), ...head], instructions };
  const dockerfile = await server().project(project);
  return await server().client(["push", "lab", dockerfile], server().laptop("deploy"));
}

function refusals(): number {
  return auditOf(server()).refusals;
}

Deno.test("a hostile container gets at nothing around it", async () => {
  const { evil } = await scene();
  const [traefik, receiver] = await Promise.all([server().names.traefik, server().names.receiver].map(inspect));
  const { address, httpPort, networks } = await settings();
  const attempts = containerAttempts({
    traefik: Object.values(traefik?.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress),
    receiver: Object.values(receiver?.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress),
    gateways: Object.values(networks).map(({ gateway }) => gateway),
    address,
    httpPort,
  });
  assertGreater(attempts.length, 25);
  const done: string[] = [];
  await Promise.all(attempts.map(async ({ name, command }) => {
    const { code, output } = await exec(evil, ["sh", "-c", command]);
    if (code === 0 || output.includes(MARK)) done.push(`${name}: ${output}`);
  }));
  assertEquals(done, []);
  refused += attempts.length;
});

Deno.test("a key for one service gets at no other one by a Dockerfile", async () => {
  const { evil } = await scene();
  await exec(evil, ["sh", "-c", "ln -s / /data/link && ln -s ../victim /data/near"]);
  const victim = (await containersOf(server().serverId, "victim"))[0];
  assert(victim);
  const image = server().names.image("victim", 1);
  const { Id: imageId } = JSON.parse(await look(`/images/${image}/json`));
  const targets = { image, imageId, volumes: await volumes(), httpPort: server().httpPort };
  const pushes = scopedPushes(targets);
  for (const push of pushes) {
    const before = auditOf(server()).asked;
    const { code, stderr } = await pushEvil(push);
    assertEquals(
      [code > 0, stderr.includes(push.says), stderr.includes(MARK)],
      [true, true, false],
      push.name + stderr,
    );
    // What the laptop refuses reaches no server.
    assertGreater(auditOf(server()).asked, before - Number(push.onLaptop === true), push.name);
    refused++;
  }
  const ran = await server().client(
    ["push", "lab", await server().project({ ...EVIL, name: "victim" })],
    server().laptop("deploy"),
  );
  assertEquals(ran.code, 3, ran.stderr);
});

Deno.test("a link that a container left in its volume is not followed by its next release", async () => {
  await scene();
  succeeded(await pushEvil({ instructions: ["RUN echo no volume"] }));
  for (const name of ["link", "link/etc", "near"]) {
    const { code, stderr } = await pushEvil({ options: [`volume = ~/evil/${name}:/x`] });
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, name === "near" ? "is a symbolic link" : "it is not under");
  }
  assertEquals(await Deno.readTextFile(`${await volumes()}/victim/file`), MARK);
});

Deno.test("a build finds nothing in another service's cache, though it names the same one", async () => {
  await scene();
  const ran = await pushEvil({
    instructions: ["RUN --mount=type=cache,id=shared,target=/c echo found: $(cat /c/file 2>&1)"],
  });
  assertEquals((succeeded(ran).stdout + ran.stderr).includes(MARK), false);
});

const ASKED: readonly (readonly [where: string, body?: string])[] = [
  ["GET /v1/services/victim/logs"],
  ["GET /v1/services/victim/releases"],
  ["GET /v1/services/victim/releases/1/verdict"],
  ["GET /v1/deploys/victim.1/events"],
  ["GET /v1/services/victim/env"],
  ["POST /v1/services/victim/env/TOKEN", "{}"],
  ["POST /v1/services/victim/env", "{}"],
  ["POST /v1/services/victim/rollback", "{}"],
  ["POST /v1/services/victim/restart", "{}"],
  ["POST /v1/services/victim/cancel", "{}"],
  ["POST /v1/services/victim/scale", "{}"],
  ["POST /v1/services/victim/stop", "{}"],
  ["DELETE /v1/services/victim", ""],
  ["POST /v1/missing?service=victim", "{}"],
  ["POST /v1/deploy?service=victim", "{}"],
  ["GET /v1/registries"],
  ["POST /v1/registries", "{}"],
];

for (const role of ["deploy", "admin"] as const) {
  Deno.test(`a key with the role ${role} for one service may ask nothing about another, and each try is audited`, async () => {
    const { attacker } = await scene();
    const key = await importPrivateKey(await Deno.readTextFile(`${server().folder}/${role}/key`));
    for (const [where, body] of ASKED) {
      const before = refusals();
      const crafted: Crafted = { where, ...body !== undefined && { body } };
      const { status, text } = await attacker.signed(crafted, { key });
      assertEquals([status, text.includes(MARK)], [401, false], `${where}: ${text}`);
      assertGreater(refusals(), before, where);
      refused++;
    }
    for (const where of ["GET /v1/services", "GET /v1/stats"]) {
      const { status, text } = await attacker.signed({ where }, { key });
      assertEquals([status, text.includes("victim")], [200, false], text);
    }
  });
}

Deno.test("code inside the receiver's container finds no key and no state, and the gate does nothing for it", async () => {
  await scene();
  const { layout, names } = server();
  const { Mounts, State } = await inspect(names.receiver);
  const inside = (source: string) => Mounts.find(({ Source }) => Source === source)?.Destination ?? "";
  const { database, daemonKey, sealingKey, daemonSocket, secrets, blobs, manifests, routesFile } = layout;
  for (const path of [database, daemonKey, sealingKey, daemonSocket, secrets, blobs, manifests, routesFile]) {
    await assertMissing(`/proc/${State.Pid}/root${path}`);
  }
  await assertMissing(`/proc/${State.Pid}/root/var/run/docker.sock`);
  await Deno.copyFile(`${CHECKOUT}/.tools/testapp/app`, `${layout.spool}/attack`);
  await Deno.chmod(`${layout.spool}/attack`, 0o755);
  const local = ["POST /v1/upgrade", "POST /v1/services/victim/exec", "POST /v1/services/victim/run"];
  for (const [where, body = ""] of [...ASKED, ...local.map((one) => [one, "{}"] as const)]) {
    const before = refusals();
    const [method = "", path = ""] = where.split(" ");
    const { output } = await exec(names.receiver, [
      `${inside(layout.spool)}/attack`,
      ...["call", `${inside(layout.gate)}/gate.sock`, method, path, body],
    ]);
    // The gate has no uploads, and does not know what is asked on the server only.
    const expected = path.startsWith("/v1/missing") || local.includes(where) ? "400\n" : "401\n";
    assertEquals([output.startsWith(expected), output.includes(MARK)], [true, false], `${where}: ${output}`);
    assertGreater(refusals(), before, where);
    refused++;
  }
  await Deno.remove(`${layout.spool}/attack`);
});

async function assertMissing(path: string): Promise<void> {
  assertEquals(await Deno.lstat(path).then(() => "there", () => "missing"), "missing", path);
}

Deno.test("after all of it the victim answers, its routes are as before, and it was deployed once", async () => {
  assertEquals((await server().get("victim.test")).text, "victim");
  assertEquals(await routes(), (await scene()).routes);
  const history = succeeded(await server().run(["history", "victim", "--json"])).stdout;
  assertEquals(history.includes('"release":2'), false, history);
  console.log(`${refused} attempts, each refused`);
  assertGreater(refused, 90);
});
