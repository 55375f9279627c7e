import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { importPrivateKey } from "../../src/auth/keys.ts";
import { parseSettings } from "../../src/setup/settings_file.ts";
import { Attacker, type Crafted, knownKeys } from "./attacks/attacker.ts";
import { containerAttempts } from "./attacks/hostile_container.ts";
import { scopedPushes } from "./attacks/scoped_pushes.ts";
import { ABOUT_VICTIM, ESCALATIONS } from "./attacks/scoped_requests.ts";
import { auditOf } from "./attacks/traces.ts";
import { containersOf, exec, inspect, look } from "./engine.ts";
import { piped } from "./input.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

// What a hostile service, a key for one service, and code inside the receiver's container try against another service.

const server = sharedServer({ supervisor: "none" });
/** Whatever is the victim's has it: secret, volume, image, log. */
const MARK = `mine-${crypto.randomUUID()}`;
const EVIL = { name: "evil", options: { domain: "evil.test" }, app: { TEXT: "evil" }, from: "busybox" };
const VICTIM = {
  name: "victim",
  options: { domain: "victim.test", port: 8080, isolated: "true", env: "TOKEN@file", volume: "~/victim:/data" },
  app: { TEXT: "victim", PORT: "8080" },
  from: "busybox",
  instructions: [`RUN --mount=type=cache,id=shared,target=/c echo ${MARK} > /c/file && echo ${MARK} > /file`],
};

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
  { options = [], head = [], from = "busybox", instructions = [], first }: {
    readonly first?: string;
    readonly options?: readonly string[];
    readonly head?: readonly string[];
    readonly from?: string;
    readonly instructions?: readonly string[];
  },
): Promise<Ran> {
  const project = {
    ...EVIL,
    from,
    ...first !== undefined && { first },
    instructions,
    head: [...options.map(optionLine), ...head],
  };
  const dockerfile = await server().project(project);
  return await server().client(["push", "lab", dockerfile], server().laptop("deploy"));
}

function optionLine(option: string): string {
  return `# mypaas.${option}`;
}

/** Asserts that the audit has a refusal more behind some work than before it. */
async function audited<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = refusals();
  const done = await work();
  assertGreater(refusals(), before, `${name} is not in the audit`);
  return done;
}

/** What was tried, by who did. */
const tried = new Map<string, readonly string[]>();

function refusals(): number {
  return auditOf(server()).refusals;
}

/** Runs a command of this machine where the processes of a container have their network. */
async function inNetwork(pid: number, command: string): Promise<{ readonly code: number; readonly output: string }> {
  const args = ["-t", String(pid), "-n", "sh", "-c", command];
  const { code, stdout, stderr } = await new Deno.Command("nsenter", { args }).output();
  return { code, output: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

Deno.test("a hostile container gets at nothing around it", async () => {
  const { evil } = await scene();
  const { traefik, receiver, networks: { ingress, internal } } = server().names;
  const [front, store] = await Promise.all([traefik, receiver].map(inspect));
  const { address, httpPort, networks } = await settings();
  const attempts = containerAttempts({
    traefik: Object.values(front?.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress),
    receiver: Object.values(store?.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress),
    gateways: Object.values(networks).map(({ gateway }) => gateway),
    door: front?.NetworkSettings.Networks[ingress]?.IPAddress ?? "",
    address,
    httpPort,
    internal,
  });
  const failures: string[] = [];
  const { State: { Pid } } = await inspect(evil);
  const attempt = async ({ name, command, says, outside }: typeof attempts[number]) => {
    let told = "";
    // Docker takes its fence between networks away for some milliseconds when anybody makes a network, as other tests do.
    for (let tries = 0; tries < 3; tries++) {
      const { code, output } = outside ? await inNetwork(Pid, command) : await exec(evil, ["sh", "-c", command]);
      told += `${code} ${output}`;
      if (output.includes(MARK)) break;
      if (code !== 0 && says.test(output)) return;
    }
    failures.push(`${name}: ${told}`);
  };
  await Promise.all(attempts.filter(({ audited }) => !audited).map(attempt));
  for (const one of attempts.filter(({ audited }) => audited)) {
    const before = refusals();
    await attempt(one);
    if (refusals() === before) failures.push(`${one.name}: it is not in the audit`);
  }
  assertEquals(failures, []);
  tried.set("a container", attempts.map(({ name }) => name));
});

Deno.test("a key for one service gets at no other one by a Dockerfile, and each push that the server saw is audited", async () => {
  const { evil } = await scene();
  await exec(evil, ["sh", "-c", "ln -s / /data/link && ln -s ../victim /data/near"]);
  const image = server().names.image("victim", 1);
  const { Id: imageId } = JSON.parse(await look(`/images/${image}/json`));
  const { httpPort, httpsPort, layout: { lib: state } } = server();
  const pushes = scopedPushes({ image, imageId, volumes: await volumes(), httpPort, httpsPort, state });
  const failures: string[] = [];
  for (const push of pushes) {
    const before = refusals();
    const { code, stderr } = await pushEvil(push);
    const refused = code > 0 && stderr.includes(push.says) && !stderr.includes(MARK);
    if (!refused) failures.push(`${push.name}: ${code} ${stderr}`);
    if (refusals() > before === (push.onLaptop === true)) failures.push(`${push.name}: audited ${!push.onLaptop}`);
  }
  assertEquals(failures, []);
  const ran = await audited("a push of the other service", async () =>
    await server().client(
      ["push", "lab", await server().project({ ...EVIL, name: "victim" })],
      server().laptop("deploy"),
    ));
  assertEquals(ran.code, 3, ran.stderr);
  tried.set("a Dockerfile", pushes.map(({ name }) => name));
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

for (const role of ["deploy", "admin"] as const) {
  Deno.test(`a key with the role ${role} for one service may ask nothing about another, and each try is audited`, async () => {
    const { attacker } = await scene();
    const keyOf = async (laptop: string) =>
      await importPrivateKey(await Deno.readTextFile(`${server().folder}/${laptop}/key`));
    const [key, admin] = [await keyOf(role), await keyOf("laptop")];
    for (const [where, body] of ABOUT_VICTIM) {
      const crafted: Crafted = { where, ...body !== undefined && { body } };
      const { status, text } = await audited(where, () => attacker.signed(crafted, { key }));
      assertEquals([status, text.includes(MARK)], [401, false], `${where}: ${text}`);
    }
    const known = await knownKeys(server());
    for (const { name, send, status: expected, says } of ESCALATIONS) {
      const { status, text } = await audited(name, () => send(attacker, key, admin));
      assertEquals([status, text.includes(says), text.includes(MARK)], [expected, true, false], `${name}: ${text}`);
    }
    assertEquals(await knownKeys(server()), known);
    tried.set("a key", [...ABOUT_VICTIM.map(([where]) => where), ...ESCALATIONS.map(({ name }) => name)]);
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
  const hidden = [database, daemonKey, sealingKey, daemonSocket, secrets, blobs, manifests, routesFile];
  const paths = [...hidden, layout.settings, layout.acme, "/var/run/docker.sock", "/var/lib/docker"];
  for (const path of paths) await assertMissing(`/proc/${State.Pid}/root${path}`);
  await Deno.copyFile(`${CHECKOUT}/.tools/testapp/app`, `${layout.spool}/attack`);
  await Deno.chmod(`${layout.spool}/attack`, 0o755);
  const local = [
    "POST /v1/upgrade",
    "POST /v1/services/victim/exec",
    "POST /v1/services/victim/run",
    "PUT /v1/blobs?service=victim",
    "POST /v1/backup",
    "GET /v1/../../state.db",
  ];
  for (const [where, body = ""] of [...ABOUT_VICTIM, ...local.map((one) => [one, "{}"] as const)]) {
    const [method = "", path = ""] = where.split(" ");
    const command = [`${inside(layout.spool)}/attack`, "call", `${inside(layout.gate)}/gate.sock`, method, path, body];
    const { output } = await audited(where, () => exec(names.receiver, command));
    // The gate has no uploads, and does not know what is asked on the server only.
    const expected = path.startsWith("/v1/missing") || local.includes(where) ? "400\n" : "401\n";
    assertEquals([output.startsWith(expected), output.includes(MARK)], [true, false], `${where}: ${output}`);
  }
  await Deno.remove(`${layout.spool}/attack`);
  tried.set("code in the receiver", [...paths, ...ABOUT_VICTIM.map(([where]) => where), ...local]);
});

async function assertMissing(path: string): Promise<void> {
  assertEquals(await Deno.lstat(path).then(() => "there", () => "missing"), "missing", path);
}

Deno.test("after all of it the victim answers, its routes are as before, and it was deployed once", async () => {
  assertEquals((await server().get("victim.test")).text, "victim");
  assertEquals(await routes(), (await scene()).routes);
  const history = succeeded(await server().run(["history", "victim", "--json"])).stdout;
  assertEquals(history.includes('"release":2'), false, history);
});

Deno.test("what was tried is no less than 40 different things", () => {
  const counts = [...tried].map(([who, names]) => `${who} ${new Set(names).size}`);
  const all = [...tried.values()].reduce((sum, names) => sum + new Set(names).size, 0);
  console.log(`hostile attempts, each refused: ${all} (${counts.join(", ")})`);
  assertGreater(all, 100);
});
