import { assertEquals, assertThrows } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { serverFolders } from "../../src/setup/folders.ts";
import {
  describeAction,
  type FoundGround,
  type FoundParts,
  planGround,
  planParts,
  type WantedGround,
  type WantedParts,
} from "../../src/setup/init_plan.ts";
import { serverLayout } from "../../src/setup/layout.ts";
import type { PartState } from "../../src/setup/machine.ts";
import { partDigest } from "../../src/setup/part_digest.ts";
import { wantedParts } from "../../src/setup/parts.ts";
import type { FoundEntry } from "../../src/setup/server_files.ts";
import type { ServerSettings } from "../../src/setup/settings.ts";
import { NETWORK_KEYS } from "../../src/setup/settings_file.ts";
import { SETTINGS } from "./settings_example.ts";

const LAYOUT = serverLayout("/");
const CONTENT = { program: "p1", settings: "s1", traefik: "t1" };

const GROUND: WantedGround = {
  folders: serverFolders(LAYOUT, "/srv/mypaas"),
  files: [{ path: LAYOUT.settings, text: "settings", mode: 0o600 }],
  program: { path: LAYOUT.binary, digest: "p1" },
  certificateFor: "192.0.2.7",
  networks: NETWORK_KEYS.map((network) => ({ network, name: network === "internal" ? "mypaas" : `mypaas-${network}` })),
  traefikImage: "traefik:v3.7.15",
  receiverImage: "mypaas-receiver:base",
};

const NO_GROUND: FoundGround = {
  entries: new Map(),
  texts: new Map(),
  programDigest: undefined,
  certificateNames: [],
  networks: new Set(),
  images: new Set(),
};

const FULL_GROUND: FoundGround = {
  entries: new Map<string, FoundEntry>([
    ...GROUND.folders.map(({ path, mode, uid, gid }) =>
      [path, { kind: "folder", mode, uid, gid }] satisfies [string, FoundEntry]
    ),
    [LAYOUT.settings, { kind: "file", mode: 0o600, uid: 0, gid: 0 }],
  ]),
  texts: new Map([[LAYOUT.settings, "settings"]]),
  programDigest: "p1",
  certificateNames: ["192.0.2.7"],
  networks: new Set(GROUND.networks.map(({ name }) => name)),
  images: new Set([GROUND.traefikImage, GROUND.receiverImage]),
};

function ground(change: Partial<FoundGround>, wanted: Partial<WantedGround> = {}): readonly string[] {
  return planGround({ ...GROUND, ...wanted }, { ...FULL_GROUND, ...change }).map(describeAction);
}

/** Entries of a full server, with one replaced. */
function withEntry(path: string, mode: number, uid = 0): FoundGround["entries"] {
  return new Map([...FULL_GROUND.entries, [path, { kind: "folder", mode, uid, gid: uid }]]);
}

Deno.test("planGround() of a bare machine makes folders, settings, program, certificate, networks, images", () => {
  assertEquals(planGround(GROUND, NO_GROUND).map(describeAction), [
    "make folder /etc/mypaas",
    "write /etc/mypaas/server.yml",
    "make folder /var/lib/mypaas",
    "make folder /var/lib/mypaas/blobs",
    "make folder /var/lib/mypaas/spool",
    "make folder /var/lib/mypaas/traefik",
    "make folder /var/lib/mypaas/traefik/plugins/src/mypaas/redirect",
    "make folder /var/lib/mypaas/traefik/routes",
    "make folder /var/lib/mypaas/traefik/acme",
    "make folder /var/lib/mypaas/traefik/certificates",
    "make folder /run/mypaas",
    "make folder /run/mypaas/gate",
    "make folder /srv/mypaas",
    "copy the program to /usr/local/bin/mypaas",
    "make a certificate for 192.0.2.7",
    "create network mypaas",
    "create network mypaas-ingress",
    "create network mypaas-entry",
    "create network mypaas-admin",
    "pull image traefik:v3.7.15",
    "make image mypaas-receiver:base",
  ]);
});

Deno.test("planGround() of a server that is set up is empty", () => {
  assertEquals(ground({}), []);
});

Deno.test("planGround() makes again only what is missing or different", () => {
  assertEquals(ground({ networks: new Set(["mypaas", "mypaas-entry", "mypaas-admin"]) }), [
    "create network mypaas-ingress",
  ]);
  assertEquals(ground({ programDigest: "p0" }), ["copy the program to /usr/local/bin/mypaas"]);
  assertEquals(ground({ certificateNames: ["192.0.2.8"] }), ["make a certificate for 192.0.2.7"]);
  assertEquals(ground({ texts: new Map() }), ["write /etc/mypaas/server.yml"]);
  assertEquals(ground({ entries: withEntry(LAYOUT.lib, 0o755) }), ["set mode and owner of folder /var/lib/mypaas"]);
  assertEquals(ground({ entries: withEntry(LAYOUT.spool, 0o700, 0) }), [
    "set mode and owner of folder /var/lib/mypaas/spool",
  ]);
});

Deno.test("planGround() leaves the mode of the volume folder to its owner", () => {
  assertEquals(ground({ entries: withEntry("/srv/mypaas", 0o2770, 1000) }), []);
});

Deno.test("planGround() makes no certificate for a server with a domain", () => {
  assertEquals(ground({ certificateNames: [] }, { certificateFor: undefined }), []);
});

/** The parts that a server with these settings wants. */
async function wanted(change: Partial<ServerSettings>, content: Partial<typeof CONTENT> = {}): Promise<WantedParts> {
  const settings = { ...SETTINGS, ...change };
  const parts = wantedParts({ settings, layout: LAYOUT, content: { ...CONTENT, ...content } });
  const daemon = Object.values({ ...CONTENT, ...content }).join("-");
  return {
    instance: settings.serverId,
    files: [{ path: LAYOUT.traefikStatic, text: "traefik", mode: 0o600 }],
    parts: await Promise.all(parts.map(async (part) => ({ part, digest: await partDigest(part) }))),
    daemonName: "mypaas-daemon",
    unitPath: LAYOUT.unit,
    unit: settings.supervisor !== "systemd"
      ? undefined
      : { file: { path: LAYOUT.unit, text: `unit ${daemon}`, mode: 0o644 }, content: daemon },
  };
}

const NO_PARTS: FoundParts = { entries: new Map(), texts: new Map(), parts: new Map(), unit: undefined };

/** The machine after everything in `wanted` was done. */
function done({ files, parts, unit, instance }: WantedParts): FoundParts {
  const all = [...files, ...unit ? [unit.file] : []];
  return {
    entries: new Map(all.map(({ path, mode }) => [path, { kind: "file", mode, uid: 0, gid: 0 }])),
    texts: new Map(all.map(({ path, text }) => [path, text])),
    parts: new Map(
      parts.map((
        { part: { name }, digest },
      ) => [name, { name, digest, instance, running: true, restarts: 0, publishedOn: [] } satisfies PartState]),
    ),
    unit: unit && { active: true, enabled: true, content: unit.content },
  };
}

function plan(wantedNow: WantedParts, found: FoundParts): readonly string[] {
  return planParts(wantedNow, found).map(describeAction);
}

Deno.test("planParts() of a fresh server under Docker starts receiver, Traefik, daemon", async () => {
  assertEquals(plan(await wanted({}), NO_PARTS), [
    "write /var/lib/mypaas/traefik/traefik.yml",
    "start container mypaas-receiver",
    "start container mypaas-traefik",
    "start container mypaas-daemon",
  ]);
});

Deno.test("planParts() of a fresh server under systemd ends with its unit", async () => {
  assertEquals(plan(await wanted({ supervisor: "systemd" }), NO_PARTS), [
    "write /var/lib/mypaas/traefik/traefik.yml",
    "start container mypaas-receiver",
    "start container mypaas-traefik",
    "write /etc/systemd/system/mypaas.service",
    "make systemd read its units again",
    "start mypaas.service, now and at every boot",
  ]);
});

Deno.test("planParts() of a server that runs is empty under each supervisor", async () => {
  for (const supervisor of ["systemd", "docker", "none"] as const) {
    const now = await wanted({ supervisor });
    assertEquals(plan(now, done(now)), []);
  }
});

Deno.test("planParts() after a changed port replaces Traefik, and the daemon that reads the settings", async () => {
  const before = await wanted({});
  assertEquals(plan(await wanted({ httpPort: 8080 }, { settings: "s2" }), done(before)), [
    "replace container mypaas-traefik",
    "replace container mypaas-daemon",
  ]);
});

Deno.test("planParts() after a changed program leaves Traefik alone", async () => {
  assertEquals(plan(await wanted({}, { program: "p2" }), done(await wanted({}))), [
    "replace container mypaas-receiver",
    "replace container mypaas-daemon",
  ]);
  const systemd = { supervisor: "systemd" } as const;
  assertEquals(plan(await wanted(systemd, { program: "p2" }), done(await wanted(systemd))), [
    "replace container mypaas-receiver",
    "write /etc/systemd/system/mypaas.service",
    "make systemd read its units again",
    "restart mypaas.service",
  ]);
});

Deno.test("planParts() restarts a unit whose process was started before the last change", async () => {
  const now = await wanted({ supervisor: "systemd" });
  const unit = { active: true, enabled: true, content: "old" };
  assertEquals(plan(now, { ...done(now), unit }), ["restart mypaas.service"]);
  assertEquals(plan(now, { ...done(now), unit: { ...unit, active: false, content: undefined } }), [
    "start mypaas.service, now and at every boot",
  ]);
});

Deno.test("planParts() starts a container that stands still", async () => {
  const now = await wanted({});
  const found = done(now);
  const traefik = found.parts.get("mypaas-traefik");
  const parts = new Map(found.parts);
  if (traefik) parts.set("mypaas-traefik", { ...traefik, running: false });
  assertEquals(plan(now, { ...found, parts }), ["start container mypaas-traefik again"]);
});

Deno.test("planParts() takes the old daemon away before the new supervisor starts one", async () => {
  const [docker, systemd] = [await wanted({}), await wanted({ supervisor: "systemd" })];
  assertEquals(plan(systemd, done(docker)), [
    "remove container mypaas-daemon",
    "write /etc/systemd/system/mypaas.service",
    "make systemd read its units again",
    "start mypaas.service, now and at every boot",
  ]);
  assertEquals(plan(docker, done(systemd)), [
    "stop and remove mypaas.service",
    "start container mypaas-daemon",
  ]);
  assertEquals(plan(await wanted({ supervisor: "none" }), done(docker)), ["remove container mypaas-daemon"]);
});

Deno.test("planParts() refuses to touch a container of the same name that somebody else made", async () => {
  const now = await wanted({ supervisor: "none" });
  const foreign = (name: string) => {
    const parts = new Map([[name, { name, running: true, restarts: 0, digest: "", instance: "", publishedOn: [] }]]);
    return planParts(now, { ...NO_PARTS, parts });
  };
  assertThrows(() => foreign("mypaas-traefik"), MyPaasError, `Cannot use the name "mypaas-traefik"`);
  // Not needed under this supervisor, so it is nobody's business.
  assertEquals(foreign("mypaas-daemon").map(describeAction).includes("remove container mypaas-daemon"), false);
});
