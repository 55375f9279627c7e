import { DockerClient } from "../../src/docker/client.ts";
import { EngineMachine } from "../../src/docker/engine_machine.ts";
import { TraefikTable } from "../../src/host/traefik_table.ts";
import { Label } from "../../src/service/names.ts";
import { nthAddress } from "../../src/setup/addresses.ts";
import { htpasswdLine } from "../../src/setup/htpasswd.ts";
import { renderRouteFile } from "../../src/traefik/route_file.ts";
import { renderStaticConfig } from "../../src/traefik/static_config.ts";
import { waitUntil } from "../../src/wait.ts";

const IMAGE = "traefik:v3.7.15";
const API_PORT = 8080;

/** A real Traefik in a network of its own, with nothing but the server's routes; gone when it is disposed. */
export class TraefikScene implements AsyncDisposable {
  readonly #client = new DockerClient();
  readonly #machine = new EngineMachine(this.#client);
  readonly #instance = crypto.randomUUID().replaceAll("-", "");
  readonly #name = `h4-${this.#instance.slice(0, 6)}`;
  readonly password = crypto.randomUUID();
  readonly folder: string;
  address = "";

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<TraefikScene> {
    const scene = new TraefikScene(await Deno.makeTempDir({ prefix: "h4-" }));
    try {
      await scene.#start();
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  get routesFile(): string {
    return `${this.folder}/routes/routes.yml`;
  }

  /** How many tables were rendered. */
  rendered = 0;

  /** The table as the daemon makes it. */
  async table(options: { readonly password?: string; readonly timeoutMs?: number } = {}): Promise<TraefikTable> {
    const apiUser = await htpasswdLine("mypaas", this.password);
    return new TraefikTable({
      routesFile: this.routesFile,
      render: (routes, generation) => {
        this.rendered++;
        return renderRouteFile(routes, { generation, apiUser });
      },
      apiUrl: `http://${this.address}:${API_PORT}`,
      user: "mypaas",
      password: this.password,
      ...options,
    });
  }

  /** The status Traefik gives for a host name. */
  async status(host: string): Promise<number> {
    using client = Deno.createHttpClient({ allowHost: true });
    const response = await fetch(`http://${this.address}/`, { headers: { host }, client });
    await response.body?.cancel();
    return response.status;
  }

  async stop(): Promise<void> {
    await docker("POST", `/containers/${this.#name}/kill`);
  }

  async startAgain(): Promise<void> {
    await docker("POST", `/containers/${this.#name}/start`);
  }

  async #start(): Promise<void> {
    await Deno.chmod(this.folder, 0o755);
    await Deno.mkdir(`${this.folder}/routes`);
    const labels = { [Label.instance]: this.#instance };
    const { subnet } = await this.#machine.createNetwork(this.#name, labels);
    this.address = nthAddress(subnet, 2);
    const config = renderStaticConfig({
      adminAddress: this.address,
      adminPort: API_PORT,
      routesFolder: "/etc/traefik/routes",
    });
    await Deno.writeTextFile(`${this.folder}/traefik.yml`, config);
    await this.#machine.createPart({
      name: this.#name,
      image: IMAGE,
      command: ["--configFile=/etc/traefik/traefik.yml"],
      env: {},
      labels,
      user: "",
      readOnlyRoot: true,
      capabilities: ["NET_BIND_SERVICE"],
      mounts: [{ source: this.folder, target: "/etc/traefik", readOnly: true }],
      tmpfs: [],
      ports: [],
      networks: [{ name: this.#name, address: this.address }],
      hostNetwork: false,
      hostPid: false,
      pidsLimit: 0,
    });
    await waitUntil(async () => await this.status("none.example").catch(() => undefined) === 404, {
      what: "Traefik listens",
      timeoutMs: 20_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("DELETE", `/containers/${this.#name}?force=1`).catch(() => {});
    await this.#machine.removeNetwork(this.#name);
    this.#client.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** One raw request to the Engine, for what MyPaas never does to Traefik. */
async function docker(method: string, path: string): Promise<void> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: "/var/run/docker.sock" } });
  const response = await fetch(`http://docker/v1.41${path}`, { method, client });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
}
