import { assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { type ObjectNames, objectNames } from "../../src/service/names.ts";
import { type ServerLayout, serverLayout } from "../../src/setup/layout.ts";
import { shortId } from "../../src/setup/settings.ts";
import { waitUntil } from "../../src/wait.ts";
import { look, owned, removeOwned } from "./engine.ts";
import { freePorts } from "./free_ports.ts";
import { type HarnessDaemon, startInContainer, startProcess, UNDER_UNIT, UnitDaemon } from "./harness_daemon.ts";
import { labFolder, type Owner } from "./lab_folder.ts";
import { Load } from "./load.ts";
import type { OtherMachine } from "./own_docker.ts";
import { type AppProject, CHECKOUT, writeProject } from "./project.ts";
import { SmallDisk } from "./small_disk.ts";

/** The compiled program under test. */
export const MYPAAS = `${CHECKOUT}/dist/mypaas`;

/** How a command ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface StartOptions {
  /** `docker`: init runs the daemon in a container. `none`: the harness runs it, so that it can be killed. */
  readonly supervisor?: "docker" | "none";
  /** Where to set it up, instead of this machine itself; with supervisor `none` only. */
  readonly on?: OtherMachine;
  /** Puts its state, routes and stored parts on a disk of this size, such as `64m`, which can be filled. */
  readonly diskSize?: string;
}

/** A whole server of its own, beside others on this machine, and a laptop that is logged in as admin. */
export class TestServer implements AsyncDisposable {
  /** Holds the root, the laptop's folder and the projects. */
  readonly folder: string;
  readonly root: string;
  readonly layout: ServerLayout;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly #http = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });
  readonly #supervisor: "docker" | "none";
  readonly #on: OtherMachine | undefined;
  #disk: SmallDisk | undefined;
  #daemon: HarnessDaemon | undefined;
  #serverId = "";
  #names: ObjectNames = objectNames("");

  private constructor(folder: string, { supervisor = "docker", on }: StartOptions) {
    this.folder = folder;
    this.root = `${folder}/r`;
    this.layout = serverLayout(this.root);
    this.#supervisor = supervisor;
    this.#on = on;
    [this.httpPort, this.httpsPort] = freePorts();
  }

  /** Runs `init` and `login`; a server that cannot start leaves nothing behind. */
  static async start(options: StartOptions = {}): Promise<TestServer> {
    const server = new TestServer(await labFolder(), options);
    try {
      if (options.diskSize !== undefined) server.#disk = await SmallDisk.mount(server.layout.lib, options.diskSize);
      await server.#setUp();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]().catch((second) => console.error(second));
      throw error;
    }
  }

  async #setUp(): Promise<void> {
    await this.#noteOwner();
    succeeded(await this.init());
    const settings = parse(await Deno.readTextFile(this.layout.settings));
    if (typeof settings !== "object" || settings === null || !("serverId" in settings)) throw new Error("no server id");
    this.#serverId = String(settings.serverId);
    this.#names = objectNames(shortId({ serverId: this.#serverId }, this.root));
    await this.startDaemon();
    succeeded(await this.login("lab", await this.invite("laptop", "admin")));
  }

  async #noteOwner(): Promise<void> {
    const owner: Owner = { pid: Deno.pid, daemonPid: this.#isOurs ? await this.#daemon?.pid() ?? 0 : 0 };
    await Deno.writeTextFile(`${this.folder}/owner.json`, JSON.stringify(owner));
  }

  get serverId(): string {
    return this.#serverId;
  }

  /** The disk of its own. */
  get disk(): SmallDisk {
    if (this.#disk === undefined) throw new Error("this server has no disk of its own");
    return this.#disk;
  }

  /** Names of its Docker objects. */
  get names(): ObjectNames {
    return this.#names;
  }

  /** Where services are reached over http, with a Host header. */
  get url(): string {
    return `http://${this.#on?.address ?? "127.0.0.1"}:${this.httpPort}`;
  }

  /** Runs a command on the server: `mypaas --root ROOT ...`. */
  run(args: readonly string[]): Promise<Ran> {
    return this.client(["--root", this.root, ...args]);
  }

  /** Runs a command on the laptop, or on another one. */
  client(args: readonly string[], environment = this.laptop()): Promise<Ran> {
    return runProgram(args, environment, { enter: this.#on?.enter(CHECKOUT) });
  }

  /** The environment of a laptop, whose folder is made at its first login. */
  laptop(name = "laptop"): Record<string, string> {
    return { MYPAAS_CONFIG: `${this.folder}/${name}` };
  }

  /** Runs `init` as it was run at the start, with further flags. */
  async init(...flags: string[]): Promise<Ran> {
    const ports = ["--http-port", String(this.httpPort), "--https-port", String(this.httpsPort)];
    const supervisor = UNDER_UNIT ? "none" : this.#supervisor;
    const settings = async () => await Deno.readTextFile(this.layout.settings).catch(() => "");
    const before = await settings();
    const ran = await this.run(["init", "--address", "127.0.0.1", ...ports, "--supervisor", supervisor, ...flags]);
    // As init itself does where it runs the daemon.
    const restarts = UNDER_UNIT && this.#supervisor === "docker" && this.#daemon !== undefined;
    if (restarts && await settings() !== before) await this.startDaemon();
    return ran;
  }

  /** A new invite's line. */
  async invite(name: string, role: "deploy" | "admin", ...flags: string[]): Promise<string> {
    const ran = succeeded(await this.run(["invite", "--name", name, "--role", role, ...flags, "--json"]));
    const [answer] = jsonLines(ran);
    return String(answer?.["line"]);
  }

  login(name: string, line: string, environment = this.laptop()): Promise<Ran> {
    return this.client(["login", name, line], environment);
  }

  /** Writes a project and returns its Dockerfile. Writing it again changes it in place. */
  project(project: AppProject): Promise<string> {
    return writeProject(`${this.folder}/projects/${project.name}`, project);
  }

  /** Writes a project and deploys it on the server. */
  async deploy(project: AppProject, ...flags: string[]): Promise<Ran> {
    return await this.run(["deploy", await this.project(project), ...flags]);
  }

  /** Writes a project and pushes it from the laptop. */
  async push(project: AppProject, ...flags: string[]): Promise<Ran> {
    return await this.client(["push", "lab", await this.project(project), ...flags]);
  }

  /** Asks for a page through Traefik as a visitor does. */
  async get(host: string, path = "/", timeoutMs = 40_000): Promise<Readonly<{ status: number; text: string }>> {
    const response = await fetch(this.url + path, {
      client: this.#http,
      headers: { host },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Begins load on a service. */
  load(host: string, rate: number, maxSeconds = 90): Load {
    return new Load(`${this.url}/`, { host, rate, maxSeconds });
  }

  /** The daemon's process, wherever it runs. */
  async daemonPid(): Promise<number> {
    if (this.#daemon === undefined) throw new Error("the daemon was ended");
    return await this.#daemon.pid();
  }

  /** Whether the harness runs the daemon, and not what `init` has set up. */
  get #isOurs(): boolean {
    return this.#supervisor === "none" || UNDER_UNIT;
  }

  /** Starts the daemon, and waits until it answers. */
  async startDaemon(): Promise<void> {
    const { layout, daemonLog: log } = this;
    if (UNDER_UNIT) this.#daemon = await UnitDaemon.start({ layout, log, restarts: this.#supervisor === "docker" });
    else if (!this.#isOurs) this.#daemon = await startInContainer(this.#names.daemon);
    else this.#daemon = startProcess(layout, log, this.#on?.enter("/") ?? []);
    await this.#noteOwner();
    await this.untilDaemonAnswers();
  }

  /** What the daemon has printed. */
  async daemonOutput(): Promise<string> {
    if (this.#isOurs) return await Deno.readTextFile(this.daemonLog);
    return await look(`/containers/${this.#names.daemon}/logs?stdout=1&stderr=1`);
  }

  /** Where what it prints goes, when the harness runs it. */
  get daemonLog(): string {
    return `${this.folder}/daemon.log`;
  }

  /** Waits until the daemon answers a command. */
  async untilDaemonAnswers(): Promise<void> {
    await waitUntil(async () => (await this.run(["ps", "--json"])).code === 0, {
      what: `the daemon of ${this.root} answers`,
      timeoutMs: 30_000,
      intervalMs: 100,
    });
  }

  /** Ends the daemon and waits until its process is gone. */
  async endDaemon(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    this.#daemon = undefined;
    await daemon.end(signal);
  }

  /** Uninstalls the server and checks that nothing of it is left. `MYPAAS_TEST_KEEP=1` keeps it for a look. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    if (this.#on !== undefined) return await Deno.remove(this.folder, { recursive: true });
    if (Deno.env.get("MYPAAS_TEST_KEEP")) {
      console.error(`kept: ${MYPAAS} --root ${this.root}`);
      return;
    }
    if (this.#isOurs) await this.endDaemon("SIGTERM");
    await this.#disk?.[Symbol.asyncDispose]();
    const ran = await this.run(["uninstall", "--data"]);
    const left = this.#serverId === "" ? undefined : await owned(this.#serverId);
    const files = await Array.fromAsync(Deno.readDir(this.root)).catch(() => []);
    const stuck = left === undefined ? [] : await removeOwned(this.#serverId);
    await Deno.remove(this.folder, { recursive: true });
    if (left === undefined) return;
    // What Docker keeps is named, and all else is gone.
    if (stuck.length === 0) succeeded(ran);
    else assertEquals([ran.code, ran.stderr.includes(`docker network rm ${stuck.join(" ")}`)], [1, true], ran.stderr);
    assertEquals({ ...left, networks: left.networks.filter((name) => !stuck.includes(name)) }, {
      containers: [],
      networks: [],
      images: [],
      volumes: [],
    }, "uninstall leaves Docker objects");
    assertEquals(files.map(({ name }) => name), [], "uninstall --data leaves files");
  }
}

/** One server for all tests of a file; made before the first, taken away after the last. */
export function sharedServer(options: StartOptions = {}): () => TestServer {
  let server: TestServer | undefined;
  Deno.test.beforeAll(async () => {
    server = await TestServer.start(options);
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return () => {
    if (server === undefined) throw new Error("the server of this test file did not start");
    return server;
  };
}

/** Passes a successful run on. */
export function succeeded(ran: Ran): Ran {
  assertEquals(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
  return ran;
}

/** The objects that a command with `--json` printed, in order. */
export function jsonLines({ stdout }: Ran): readonly Readonly<Record<string, unknown>>[] {
  return stdout.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
}

/** Runs the compiled program without a terminal, in a folder (`cwd`) or where the tests run. */
export async function runProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  { cwd = CHECKOUT, enter = [] }: { readonly cwd?: string; readonly enter?: readonly string[] | undefined } = {},
): Promise<Ran> {
  const [program = MYPAAS, ...words] = [...enter, MYPAAS, ...args];
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: words,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
