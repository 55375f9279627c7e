import { jsonLines, type Ran, runProgram, succeeded } from "../e2e/lab.ts";
import { Load } from "../e2e/load.ts";
import { Pebble } from "../e2e/pebble.ts";
import { type AppProject, CHECKOUT, writeProject } from "../e2e/project.ts";
import { ReleaseSite } from "./release_site.ts";
import { Vm } from "./vm.ts";

const { version: VERSION }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));

/** Where the VM has the certificate of the authority. */
const AUTHORITY_FILE = "/usr/local/share/authority.pem";

/** A fresh VM, the place of the releases, a certificate authority where asked for, and a laptop outside of all. */
export class FreshVm implements AsyncDisposable {
  readonly vm: Vm;
  readonly site: ReleaseSite;
  /** Of the laptop. */
  readonly folder: string;
  readonly #authority: Pebble | undefined;

  private constructor(
    { vm, site, folder }: Pick<FreshVm, "vm" | "site" | "folder">,
    authority: Pebble | undefined,
  ) {
    this.vm = vm;
    this.site = site;
    this.folder = folder;
    this.#authority = authority;
  }

  /** @param authority whether `init` is told of a certificate authority, to which every name leads to the VM */
  static async start({ authority = false }: { readonly authority?: boolean } = {}): Promise<FreshVm> {
    const vm = await Vm.start();
    const begun = new AsyncDisposableStack();
    try {
      const site = begun.use(await ReleaseSite.start(vm.hostAddress, VERSION));
      const pebble = authority
        ? begun.use(await Pebble.start({ httpPort: 80, listen: vm.hostAddress, leadsTo: vm.address }))
        : undefined;
      if (pebble !== undefined) await vm.copy(pebble.authorityFile, AUTHORITY_FILE);
      const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mypaas-laptop-" });
      begun.defer(() => Deno.remove(folder, { recursive: true }));
      const fresh = new FreshVm({ vm, site, folder }, pebble);
      // As if an authority that Debian trusts had signed it.
      await Deno.writeTextFile(`${folder}/site.pem`, site.certificate);
      await vm.copy(`${folder}/site.pem`, "/usr/local/share/site.pem");
      await vm.sh("cat /usr/local/share/site.pem >>/etc/ssl/certs/ca-certificates.crt");
      return fresh;
    } catch (error) {
      await begun.disposeAsync();
      await vm[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The line of README. */
  get installLine(): string {
    return `curl -fsSL ${this.site.url}/install.sh | sh`;
  }

  /** Runs `init` there, and logs the laptop in when it is the first time. */
  async init(): Promise<Readonly<Record<string, unknown>>> {
    const flags = this.#authority?.flagsWith(AUTHORITY_FILE) ?? [];
    const [told = {}] = jsonLines(succeeded(await this.vm.run(`mypaas init --json ${flags.join(" ")}`)));
    if (typeof told["invite"] === "string") succeeded(await this.laptop("login", "vm", told["invite"]));
    return told;
  }

  /** Runs a command on the laptop. */
  laptop(...args: readonly string[]): Promise<Ran> {
    return runProgram(args, { MYPAAS_CONFIG: `${this.folder}/config` });
  }

  /** Writes a project, or changes it, and pushes it from the laptop. */
  async push(project: AppProject): Promise<Ran> {
    return await this.laptop("push", "vm", await writeProject(`${this.folder}/${project.name}`, project));
  }

  /** Asks for a page as a visitor does, whoever signed the certificate. @returns status and text */
  page(url: string): Promise<string> {
    return this.#curl(url, ["-k"]);
  }

  /** Asks for a page as one who trusts the authority and nobody else. @returns as `page`; `000` when it is not trusted */
  trustedPage(url: string): Promise<string> {
    if (this.#authority === undefined) throw new Error("the VM was started without an authority");
    return this.#curl(url, ["--cacert", this.#authority.root]);
  }

  /** How many certificates the authority was asked for. */
  async orders(): Promise<number> {
    return await this.#authority?.orders() ?? 0;
  }

  async #curl(url: string, trust: readonly string[]): Promise<string> {
    const { hostname } = new URL(url);
    const ways = [[80, this.vm.httpPort], [443, this.vm.httpsPort]]
      .flatMap(([port, here]) => ["--connect-to", `${hostname}:${port}:127.0.0.1:${here}`]);
    const args = ["-s", ...trust, "--noproxy", "*", "--max-time", "30", ...ways, "-w", "%{stderr}%{http_code}", url];
    const { stdout, stderr } = await new Deno.Command("curl", { args }).output();
    const decoder = new TextDecoder();
    return `${decoder.decode(stderr)} ${decoder.decode(stdout)}`.trim();
  }

  /** Begins load on a site of the VM. */
  load(host: string, rate: number, maxSeconds = 90): Load {
    return new Load(`http://127.0.0.1:${this.vm.httpPort}/`, { host, rate, maxSeconds });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#authority?.[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
    await this.vm[Symbol.asyncDispose]();
  }
}
