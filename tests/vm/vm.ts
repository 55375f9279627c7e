import { waitUntil } from "../../src/wait.ts";
import { freePorts } from "../e2e/free_ports.ts";
import type { Ran } from "../e2e/lab.ts";
import { CHECKOUT } from "../e2e/project.ts";

/** What cannot be pulled where the tests run. */
const IMAGES = ["traefik:v3.7.15", "busybox:latest"];
/** On the VM's container and network: the process of the test run that it belongs to. */
const LABEL = "mypaas-test-vm";
const BOOT_TIMEOUT_MS = 90_000;

/**
 * A fresh Debian with systemd and a Docker Engine of its own, on which docker.io was installed and nothing else: a container
 * of this machine's Engine whose first process is systemd. It shares the kernel and the clock with this machine. Its
 * ports 80 and 443 are reached at its address, and on 127.0.0.1 at `httpPort` and `httpsPort`.
 */
export class Vm implements AsyncDisposable {
  readonly name: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Third number of its network's addresses, 10.213.N.0/29. */
  readonly #net: number;

  private constructor(name: string, net: number) {
    this.name = name;
    this.#net = net;
    [this.httpPort, this.httpsPort] = freePorts();
  }

  /**
   * @param binds further folders of this machine, `/here:/there`
   * @param flags further words for `docker create`
   */
  static async start(
    { binds = [], flags = [] }: { readonly binds?: readonly string[]; readonly flags?: readonly string[] } = {},
  ): Promise<Vm> {
    await sweep();
    const image = (await succeed([`${CHECKOUT}/tests/vm/lab/make_image`])).trim();
    const name = `mp-vm-${crypto.randomUUID().slice(0, 8)}`;
    const vm = new Vm(name, await makeNetwork(name));
    try {
      await succeed([
        ...["docker", "create", "--name", name, "--hostname", "vm", "--label", `${LABEL}=${Deno.pid}`],
        ...["--network", name, "--ip", vm.address],
        ...["-p", `127.0.0.1:${vm.httpPort}:80`, "-p", `127.0.0.1:${vm.httpsPort}:443`],
        // What systemd and a Docker inside need; a VM has all of it.
        ...["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"],
        ...["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
        ...["--cgroupns=host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw"],
        ...["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec,mode=1777"],
        ...["-v", "/var/lib/docker", ...binds.flatMap((bind) => ["-v", bind])],
        // `systemctl reboot` ends the container, and this starts it again.
        ...["--restart", "unless-stopped", "--stop-signal", "SIGRTMIN+3", ...flags, image],
      ]);
      await succeed(["docker", "start", name]);
      await vm.untilBooted();
      await succeed(["bash", "-c", `docker save ${IMAGES.join(" ")} | docker exec -i ${name} docker load`]);
      return vm;
    } catch (error) {
      await vm[Symbol.asyncDispose]();
      throw error;
    }
  }

  get address(): string {
    return `10.213.${this.#net}.2`;
  }

  /** Where the VM reaches this machine. */
  get hostAddress(): string {
    return `10.213.${this.#net}.1`;
  }

  /** Runs a script there as root types it, and passes its end on. */
  async run(script: string): Promise<Ran> {
    return await output(["docker", "exec", this.name, "bash", "-c", script]);
  }

  /** Runs a script there that must succeed. @returns what it printed */
  async sh(script: string): Promise<string> {
    return (await succeed(["docker", "exec", this.name, "bash", "-c", script])).trim();
  }

  /** Puts a file of this machine there. */
  async copy(from: string, to: string): Promise<void> {
    await succeed(["docker", "cp", from, `${this.name}:${to}`]);
  }

  /** `systemctl reboot`; fulfilled when it has booted again. */
  async reboot(): Promise<void> {
    const before = await this.#started();
    // The connection goes with the machine.
    await this.run("systemctl reboot");
    await waitUntil(async () => await this.#started() !== before, { what: "it boots", timeoutMs: BOOT_TIMEOUT_MS });
    await this.untilBooted();
  }

  /**
   * Ends every process at once, and boots again. What was written without being synced is not lost here, as this machine's
   * kernel keeps it: tests/e2e/alone has that.
   */
  async cutPower(): Promise<void> {
    await succeed(["docker", "kill", this.name]);
    await succeed(["docker", "start", this.name]);
    await this.untilBooted();
  }

  /** Waits until systemd has started all that boots, and Docker answers. */
  async untilBooted(): Promise<void> {
    await waitUntil(async () => {
      const { stdout } = await this.run("systemctl is-system-running; docker info --format ok");
      return /^(running|degraded)\nok$/.test(stdout.trim());
    }, { what: `the VM ${this.name} has booted`, timeoutMs: BOOT_TIMEOUT_MS, intervalMs: 200 });
    const failed = await this.sh("systemctl --failed --plain --no-legend");
    if (failed !== "") throw new Error(`Units of the VM failed: ${failed}`);
  }

  /** When systemd last called a unit active, milliseconds since 1970. */
  async activeSince(unit: string): Promise<number> {
    const [uptime = "", micros = ""] =
      (await this.sh(`cut -d ' ' -f 1 /proc/uptime; systemctl show -P ActiveEnterTimestampMonotonic ${unit}`)).split(
        "\n",
      );
    return Date.now() - (Number(uptime) * 1000 - Number(micros) / 1000);
  }

  async #started(): Promise<string> {
    return await succeed(["docker", "inspect", "--format", "{{.State.StartedAt}} {{.State.Running}}", this.name]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await output(["docker", "rm", "--force", "--volumes", this.name]);
    await output(["docker", "network", "rm", this.name]);
  }
}

/** A network whose addresses are known: Docker gives others at each start. */
async function makeNetwork(name: string): Promise<number> {
  return await waitUntil(async () => {
    const net = Math.floor(Math.random() * 256);
    const subnet = `10.213.${net}.0/29`;
    const label = `${LABEL}=${Deno.pid}`;
    const { code, stderr } = await output(["docker", "network", "create", "--label", label, "--subnet", subnet, name]);
    if (code === 0) return net;
    if (!/overlap|exists/i.test(stderr)) throw new Error(stderr);
    return undefined;
  }, { what: "there is a free network for a VM", timeoutMs: 30_000 });
}

/** Takes away the VMs of test runs that were killed. */
async function sweep(): Promise<void> {
  for (const [list, remove] of [["ps --all", "rm --force --volumes"], ["network ls", "network rm"]] as const) {
    const format = `{{.ID}} {{.Label "${LABEL}"}}`;
    const found = await succeed(["docker", ...list.split(" "), "--filter", `label=${LABEL}`, "--format", format]);
    for (const line of found.split("\n").filter(Boolean)) {
      const [id = "", pid = ""] = line.split(" ");
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      if (!command.includes("deno")) await output(["docker", ...remove.split(" "), id]);
    }
  }
}

async function output(words: readonly string[]): Promise<Ran> {
  const [program = "", ...args] = words;
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function succeed(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await output(words);
  if (code !== 0) throw new Error(`${words.join(" ")}: code ${code}\n${stdout}${stderr}`);
  return stdout;
}
