import { MyPaasError } from "../../src/error.ts";
import { type InitDoors, initServer, type ServerContext } from "../../src/cli/init_server.ts";
import { uninstallServer } from "../../src/cli/uninstall_server.ts";
import { DiskServerFiles } from "../../src/host/server_files.ts";
import { serverLayout } from "../../src/setup/layout.ts";
import type { ServerFacts, Units } from "../../src/setup/server_files.ts";
import { type DraftSettings, parseDraftSettings } from "../../src/setup/settings_file.ts";
import type { InitFlags } from "../../src/setup/wanted_settings.ts";
import type { CertificateSummary } from "../../src/wire/certificates.ts";
import { MemoryMachine } from "../fakes/memory_machine.ts";

/** A machine with a container engine in memory, a real disk below a folder of its own, and a daemon that answers. */
export class ServerScene implements AsyncDisposable {
  readonly machine = new MemoryMachine();
  readonly files = new DiskServerFiles();
  readonly layout;
  /** Registered keys, as the daemon lists them. */
  readonly keys: { readonly revokedAt?: string }[] = [];
  /** How it stands with the certificates of its domains. */
  certificates: readonly CertificateSummary[] = [];
  /** Requests that the daemon got, such as `POST /v1/invites`. */
  readonly asked: string[] = [];
  /** Ports of this machine on which somebody else listens. */
  readonly taken = new Map<number, string>();
  facts: Partial<ServerFacts> = {};
  /** Whether a daemon answers; undefined: while its container is there. */
  daemonRuns: boolean | undefined;
  #err: string[] = [];
  #out: string[] = [];

  private constructor(readonly folder: string) {
    this.layout = serverLayout(`${folder}/root`);
  }

  static async open(): Promise<ServerScene> {
    const scene = new ServerScene(await Deno.makeTempDir({ prefix: "is-" }));
    await scene.compile("version 1");
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Puts another program there, as compiling again does. */
  async compile(content: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/mypaas`, content, { mode: 0o755 });
  }

  async init(flags: InitFlags = {}, json = false): Promise<Told> {
    return await this.#told((context) => initServer({ flags }, context, this.doors()), json);
  }

  async uninstall(data: boolean, json = false): Promise<Told> {
    return await this.#told((context) => uninstallServer({ data }, context, this.doors()), json);
  }

  async settings(): Promise<DraftSettings> {
    return parseDraftSettings(await Deno.readTextFile(this.layout.settings), this.layout.settings);
  }

  /** Paths of all that is below the root, sorted. */
  async tree(folder: string = this.layout.root): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      found.push(`${folder}/${name}`.slice(this.layout.root.length));
      if (isDirectory) found.push(...await this.tree(`${folder}/${name}`));
    }
    return found.sort();
  }

  doors(): InitDoors {
    const refuse = () => Promise.reject(new Error("systemd is not asked here"));
    const units: Units = {
      state: refuse,
      reload: refuse,
      enable: refuse,
      restart: refuse,
      stop: refuse,
      disable: refuse,
    };
    const facts: ServerFacts = {
      isRoot: true,
      hasSystemd: false,
      address: () => Promise.resolve("192.0.2.7"),
      globalIpv6: () => Promise.resolve([]),
      portOwner: (port) => Promise.resolve(this.taken.get(port)),
      program: `${this.folder}/mypaas`,
      receiverImage: () => new Blob(["tar"]).stream(),
      ...this.facts,
    };
    const daemon = { send: (path: string, init: { method: string }) => this.#answer(`${init.method} ${path}`) };
    return { machine: this.machine, files: this.files, facts, units, daemon, now: () => new Date() };
  }

  async #answer(asked: string): Promise<Response> {
    this.asked.push(asked);
    const { serverId } = await this.settings();
    const runs = this.daemonRuns ?? this.machine.parts.has(`mypaas-${serverId.slice(0, 6)}-daemon`);
    if (!runs) throw new MyPaasError("Cannot reach the daemon");
    switch (asked) {
      case "GET /v1/hello":
        return Response.json({ serverId, version: "0.1.0", time: new Date().toISOString() });
      case "GET /v1/keys":
        return Response.json(this.keys.map((key) => ({ ...KEY, ...key })));
      case "POST /v1/certificates":
        return Response.json(this.certificates);
      case "POST /v1/invites":
        return Response.json({
          id: "ab".repeat(8),
          line: "https://192.0.2.7#secret",
          expiresAt: new Date().toISOString(),
        });
      default:
        return new Response("not found", { status: 404 });
    }
  }

  async #told(run: (context: ServerContext) => Promise<void>, json: boolean): Promise<Told> {
    this.#err = [];
    this.#out = [];
    this.machine.calls.length = 0;
    await run({
      root: this.layout.root,
      json,
      terminal: { out: (line) => this.#out.push(line), err: (line) => this.#err.push(line) },
    });
    return { err: this.#err, out: this.#out, calls: [...this.machine.calls] };
  }
}

/** What a command printed, and did to the engine. */
interface Told {
  readonly err: readonly string[];
  readonly out: readonly string[];
  readonly calls: readonly string[];
}

const KEY = { id: "cd".repeat(8), name: "me", role: "admin", scope: ["*"], createdAt: "2026-11-22T10:00:00.000Z" };
