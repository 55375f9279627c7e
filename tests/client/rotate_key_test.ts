import { assert, assertEquals, assertRejects } from "@std/assert";
import { exportPrivateKey, generateKey, importPrivateKey, type Signer } from "../../src/auth/keys.ts";
import { BrokenConnection, Connection } from "../../src/client/connection.ts";
import { finishRotation, rotateKey, type RotationParts } from "../../src/client/rotate_key.ts";
import type { ClientFiles, ServerEntry } from "../../src/client/servers.ts";
import { AuthError } from "../../src/error.ts";
import { clientFolder } from "../../src/host/client_files.ts";
import { BenchDaemon } from "../daemon/bench_daemon.ts";
import { HandlerTransport, type TestHandler } from "../fakes/handler_transport.ts";
import { tempFolder } from "../host/temp_folder.ts";

/** A laptop with files on the disk that is registered at a daemon. */
class Laptop {
  /** What lies between the laptop and the gate. */
  way: TestHandler;
  readonly files: ClientFiles;
  readonly #daemon: BenchDaemon;

  constructor(daemon: BenchDaemon, folder: string) {
    this.#daemon = daemon;
    this.way = daemon.gate;
    this.files = clientFolder(folder);
  }

  /** Registers a key of its own, for two servers of which one is the daemon. */
  async logIn(): Promise<void> {
    const key = await this.#daemon.laptop({ name: "ann", scope: ["blog"] });
    await this.files.savePrivateKey(await exportPrivateKey(key));
    const { serverId } = this.#daemon;
    const entry: ServerEntry = {
      url: "https://paas.example",
      serverId,
      // Every answer that is proved shows it.
      daemonKey: (await this.#daemon.ask(key, "GET /v1/services")).context.daemonKey,
      certificatePin: undefined,
      certificate: undefined,
      key: undefined,
      nextKey: undefined,
    };
    await this.files.saveServers({ paas: entry, alias: entry, other: { ...entry, serverId: "f".repeat(32) } });
  }

  async entry(name = "paas"): Promise<ServerEntry> {
    const entry = (await this.files.servers())[name];
    assert(entry !== undefined && "serverId" in entry);
    return entry;
  }

  /** What rotating needs; a process that was started anew has no more. */
  async parts(): Promise<RotationParts> {
    const { serverId, daemonKey } = await this.entry();
    const transport = new HandlerTransport((request) => this.way(request));
    return {
      files: this.files,
      open: (reference) => this.open(reference),
      connect: (key) => new Connection(transport, { kind: "signed", serverId, daemonKey, key }, () => new Date()),
    };
  }

  async open(reference: string | undefined): Promise<Signer> {
    return await importPrivateKey(await this.files.privateKey(reference) ?? "");
  }

  /** The key by which a command would sign now. */
  async working(): Promise<string> {
    const { nextKey } = await this.entry();
    const { id } = nextKey === undefined
      ? await this.open((await this.entry()).key)
      : (await finishRotation("paas", await this.parts())).signer;
    assertEquals(this.#daemon.keys.key(id)?.revokedAt, undefined);
    return id;
  }
}

async function setUp(): Promise<AsyncDisposable & { readonly daemon: BenchDaemon; readonly laptop: Laptop }> {
  const [daemon, folder] = [await BenchDaemon.start(), await tempFolder()];
  const laptop = new Laptop(daemon, folder.path);
  await laptop.logIn();
  return {
    daemon,
    laptop,
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

Deno.test("rotateKey() changes the key at one server, under all of its names, and keeps the old one for others", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  const old = await laptop.open(undefined);
  const { key, others } = await rotateKey("paas", undefined, await laptop.parts());
  assertEquals([key.name, key.scope, others], ["ann", ["blog"], ["other"]]);
  for (const name of ["paas", "alias"]) {
    const entry = await laptop.entry(name);
    assertEquals([entry.key, entry.nextKey], [`keys/${key.id}`, undefined]);
  }
  assertEquals([(await laptop.entry("other")).key, (await laptop.open(undefined)).id], [undefined, old.id]);
  assertEquals(daemon.keys.key(old.id)?.revokedAt !== undefined, true);
  assertEquals(await laptop.working(), key.id);
});

Deno.test("rotateKey() removes a key that is used nowhere any more", async () => {
  await using scene = await setUp();
  const { laptop } = scene;
  await laptop.files.saveServers({ other: { ...await laptop.entry("other"), key: "/elsewhere" } });
  const first = await rotateKey("paas", undefined, await laptop.parts());
  const second = await rotateKey("paas", undefined, await laptop.parts());
  const gone = [undefined, `keys/${first.key.id}`].map((reference) => laptop.files.privateKey(reference));
  assertEquals([await Promise.all(gone), await laptop.working()], [[undefined, undefined], second.key.id]);
});

Deno.test("rotateKey() to the key that is in use already removes nothing", async () => {
  await using scene = await setUp();
  const { laptop } = scene;
  await laptop.files.saveServers({ other: { ...await laptop.entry("other"), key: "/elsewhere" } });
  const parts = await laptop.parts();
  const signer = await laptop.open(undefined);
  const open = (reference: string | undefined) => parts.open(reference === "/mypaas/key" ? undefined : reference);
  await rotateKey("paas", { signer, reference: "/mypaas/key" }, { ...parts, open });
  assertEquals((await laptop.open(undefined)).id, signer.id);
});

Deno.test("a rotation whose request does not arrive leaves the old key, and goes on the next time", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  const old = await laptop.open(undefined);
  laptop.way = () => Promise.reject(new Error("cut"));
  await assertRejects(async () => rotateKey("paas", undefined, await laptop.parts()), BrokenConnection);
  assertEquals(daemon.keys.key(old.id)?.revokedAt, undefined);
  const { nextKey } = await laptop.entry();
  laptop.way = daemon.gate;
  assertEquals(`keys/${await laptop.working()}`, nextKey);
  assertEquals((await laptop.entry()).key, nextKey);
});

Deno.test("a rotation whose answer does not arrive goes on with the new key, and none is made a second time", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  const old = await laptop.open(undefined);
  laptop.way = async (request) => {
    assertEquals((await daemon.gate(request)).status, 200);
    throw new Error("cut");
  };
  await assertRejects(async () => rotateKey("paas", undefined, await laptop.parts()), BrokenConnection);
  assert(daemon.keys.key(old.id)?.revokedAt !== undefined);
  const { nextKey } = await laptop.entry();
  // While the server is away nothing is decided.
  laptop.way = () => Promise.reject(new Error("away"));
  await assertRejects(async () => finishRotation("paas", await laptop.parts()), BrokenConnection);
  assertEquals((await laptop.entry()).nextKey, nextKey);
  laptop.way = daemon.gate;
  const { key } = await rotateKey("paas", undefined, await laptop.parts());
  assertEquals([`keys/${key.id}`, daemon.keys.keys().length], [nextKey, 2]);
});

Deno.test("a rotation is not over because somebody in between says so", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  const old = await laptop.open(undefined);
  const said = { id: old.id, name: "ann", role: "deploy", scope: ["blog"], createdAt: new Date().toISOString() };
  laptop.way = () => Response.json(said);
  await assertRejects(async () => rotateKey("paas", undefined, await laptop.parts()), Error, "result not proved");
  const { key, nextKey } = await laptop.entry();
  assertEquals([key, nextKey === undefined], [undefined, false]);
  laptop.way = daemon.gate;
  await laptop.working();
});

Deno.test("a key that was revoked in the middle of its rotation is told so, by its own refusal", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  const old = await laptop.open(undefined);
  daemon.keys.revoke(old.id, new Date().toISOString());
  await assertRejects(
    async () => rotateKey("paas", undefined, await laptop.parts()),
    AuthError,
    `the key "${old.id}" is not known to this server, or was revoked`,
  );
});

Deno.test("rotateKey() takes a key that is elsewhere, after it carried another rotation to its end", async () => {
  await using scene = await setUp();
  const { daemon, laptop } = scene;
  laptop.way = () => Promise.reject(new Error("cut"));
  await assertRejects(async () => rotateKey("paas", undefined, await laptop.parts()), BrokenConnection);
  laptop.way = daemon.gate;
  const signer = await generateKey();
  const parts = await laptop.parts();
  const open = (reference: string | undefined) =>
    reference === "/home/ann/id" ? Promise.resolve(signer) : parts.open(reference);
  const { key } = await rotateKey("paas", { signer, reference: "/home/ann/id" }, { ...parts, open });
  assertEquals([key.id, (await laptop.entry()).key], [signer.id, "/home/ann/id"]);
  assertEquals(daemon.keys.keys().filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id), [signer.id]);
});
