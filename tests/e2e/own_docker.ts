import { labFolder, type Owner } from "./lab_folder.ts";
import { waitUntil, within } from "../../src/wait.ts";

/** What `ip` knows it by on this machine; its other end is `eth0` inside. Names end at 15 characters. */
const LINK_PREFIX = "mp-";
/** Size of the disk in memory for its data. */
const DISK = "3g";
const IMAGES = ["traefik:v3.7.15", "busybox:latest"];

/** A machine with the same files as this one, which takes everything with it when it goes. */
export interface OtherMachine {
  /** The words before a command that is to run there, in a folder. */
  enter(cwd: string): readonly string[];
  run(...command: readonly string[]): Promise<string>;
  /** Where its ports are reached from here. */
  readonly address: string;
}

/**
 * A Docker Engine of its own, to be restarted and killed: the machine's is shared. It and all that runs on it have mounts,
 * network, firewall and processes of their own (Engines share a firewall badly), and all of it goes with one process.
 * `enter` runs a program there; its ports are reached from here at `address`.
 */
export class OwnDocker implements OtherMachine, AsyncDisposable {
  readonly #folder: string;
  readonly #holder: Deno.ChildProcess;
  /** The process, as this machine sees it, that has the namespaces. */
  readonly #pid: number;
  /** Where its published ports are reached from here. */
  readonly address: string;

  private constructor(folder: string, holder: Deno.ChildProcess, pid: number) {
    this.#folder = folder;
    this.#holder = holder;
    this.#pid = pid;
    // A net of four addresses for each: both ends of the link are in it.
    this.address = `10.99.${pid >> 6 & 255}.${(pid & 63) * 4 + 2}`;
  }

  static async start(): Promise<OwnDocker> {
    const folder = await labFolder("engine-");
    // What a killed run leaves is a folder: all else ends with it.
    await Deno.writeTextFile(`${folder}/owner.json`, JSON.stringify({ pid: Deno.pid, daemonPid: 0 } satisfies Owner));
    for (const name of ["run", "data"]) await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    const script =
      'mount --bind "$0/run" /run && mount -t tmpfs -o "size=$1" tmpfs "$0/data" && ip link set lo up && echo up && cat; exit';
    const own = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    // It ends with its input, and so with these tests, however they end.
    const holder = new Deno.Command("unshare", {
      args: [...own, "bash", "-c", script, folder, DISK],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value } = await within(reader.read(), { what: "a machine of its own is up", timeoutMs: 10_000 });
    reader.releaseLock();
    if (value === undefined) throw new Error("Cannot make namespaces: the tests with an Engine of their own need root");
    const children = await Deno.readTextFile(`/proc/${holder.pid}/task/${holder.pid}/children`);
    const docker = new OwnDocker(folder, holder, Number(children.trim()));
    try {
      await docker.#link();
      await Deno.writeTextFile(
        `${folder}/containerd.toml`,
        'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
      );
      await docker.#spawn("containerd", [
        "--config",
        `${folder}/containerd.toml`,
        "--root",
        `${folder}/data/containerd`,
      ]);
      await docker.#configure(false);
      await docker.startEngine();
      await docker.#loadImages();
      return docker;
    } catch (error) {
      await docker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The words before a command that is to run there. */
  enter(cwd = "/"): readonly string[] {
    return ["nsenter", `--target=${this.#pid}`, "--mount", "--net", "--pid", `--wd=${cwd}`, "--"];
  }

  /** Runs a command there; throws when it fails. */
  async run(...command: readonly string[]): Promise<string> {
    const [program = "", ...args] = [...this.enter(), ...command];
    const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    if (!success) {
      throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`);
    }
    return new TextDecoder().decode(stdout);
  }

  /** Starts the Engine and waits until it answers. */
  async startEngine(): Promise<void> {
    await this.#spawn("dockerd", [
      `--config-file=${this.#folder}/daemon.json`,
      `--data-root=${this.#folder}/data/docker`,
      "--containerd=/run/containerd/containerd.sock",
      "--userland-proxy=false",
    ]);
    await waitUntil(() => this.#request("GET", "/_ping").then(() => true, () => false), {
      what: `dockerd answers (its log: ${this.#folder}/dockerd.log)`,
      timeoutMs: 30_000,
    });
  }

  /** Changes the setting of the running Engine, as `systemctl reload docker` does. */
  async setLiveRestore(liveRestore: boolean): Promise<void> {
    await this.#configure(liveRestore);
    await this.run("bash", "-c", "kill -HUP $(cat /run/docker.pid)");
    await waitUntil(
      async () => (await this.look<{ LiveRestoreEnabled: boolean }>("/info")).LiveRestoreEnabled === liveRestore,
      {
        what: "dockerd has read its settings",
        timeoutMs: 5000,
      },
    );
  }

  async #configure(liveRestore: boolean): Promise<void> {
    await Deno.writeTextFile(`${this.#folder}/daemon.json`, JSON.stringify({ "live-restore": liveRestore }));
  }

  /** Makes the disk with the Engine's data so large that so many bytes are free. */
  async setFree(bytes: number): Promise<void> {
    const data = `${this.#folder}/data`;
    const used = Number((await this.run("df", "--output=used", "--block-size=1", data)).trim().split("\n").at(-1));
    await this.run("mount", "-o", `remount,size=${used + bytes}`, data);
  }

  /** Ends the Engine, as systemd (SIGTERM) or a crash (SIGKILL) does, and waits until its process is gone. */
  async endEngine(signal: "TERM" | "KILL"): Promise<void> {
    const pid = (await this.run("cat", "/run/docker.pid")).trim();
    await this.run("bash", "-c", `kill -${signal} ${pid}`);
    await waitUntil(async () => await this.run("bash", "-c", `test ! -e /proc/${pid} || echo runs`) === "", {
      what: "dockerd has ended",
      timeoutMs: 60_000,
      intervalMs: 20,
    });
  }

  /** What the Engine answers. */
  async look<T>(path: string): Promise<T> {
    return await (await this.#request("GET", path)).json();
  }

  async #link(): Promise<void> {
    const name = `${LINK_PREFIX}${this.#pid}`;
    const here = this.address.replace(/\d+$/, (last) => String(Number(last) - 1));
    const script =
      `ip link add "$0" type veth peer name eth0 netns "$1" && ip addr add "$2/30" dev "$0" && ip link set "$0" up`;
    const { success, stderr } = await new Deno.Command("bash", {
      args: ["-c", script, name, String(this.#pid), here],
    }).output();
    if (!success) throw new Error(`Cannot link: ${new TextDecoder().decode(stderr)}`);
    await this.run("bash", "-c", `ip addr add ${this.address}/30 dev eth0 && ip link set eth0 up`);
  }

  /** It is a child of the first process there, which waits for it whenever it ends. */
  async #spawn(program: string, args: readonly string[]): Promise<void> {
    const log = `${this.#folder}/${program}.log`;
    await this.run("bash", "-c", 'setsid "$@" >>"$0" 2>&1 </dev/null &', log, program, ...args);
  }

  /** Saved by the machine's Engine, loaded by this one. */
  async #loadImages(): Promise<void> {
    using from = Deno.createHttpClient({ proxy: { transport: "unix", path: "/var/run/docker.sock" } });
    const names = IMAGES.map((name) => `names=${encodeURIComponent(name)}`).join("&");
    const saved = await fetch(`http://docker/v1.41/images/get?${names}`, { client: from });
    if (!saved.ok || saved.body === null) throw new Error(`Cannot save the images: ${await saved.text()}`);
    await (await this.#request("POST", "/images/load?quiet=1", saved.body)).text();
  }

  async #request(method: string, path: string, body?: ReadableStream<Uint8Array>): Promise<Response> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: `${this.#folder}/run/docker.sock` } });
    const init = body === undefined ? {} : { body, headers: { "content-type": "application/x-tar" } };
    const response = await fetch(`http://docker/v1.41${path}`, { method, client, ...init });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return new Response(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stdin.close();
    await this.#holder.stdout.cancel();
    await this.#holder.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}
