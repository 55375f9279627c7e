import { machineAddress } from "../../src/host/machine_address.ts";
import { makeCertificate } from "../../src/setup/certificate.ts";
import { waitUntil } from "../../src/wait.ts";
import { freePorts } from "./free_ports.ts";
import { CHECKOUT } from "./project.ts";

interface PebbleOptions {
  /** Where it asks whether a name leads to the server. */
  readonly httpPort: number;
  /** How long its certificates are valid; three months. */
  readonly validitySeconds?: number;
  /** Where it is asked, and its name server on the same address; this machine's address, and 127.0.0.1. */
  readonly listen?: string;
  /** To which address every name leads that was not told to lead elsewhere; this machine's. */
  readonly leadsTo?: string;
}

/** A certificate authority (Pebble) on this machine, and a name server that it and the daemon ask; both real. */
export class Pebble implements AsyncDisposable {
  /** Where it is asked for certificates. */
  readonly address: string;
  /** Address of its name server. */
  readonly #nameServer: string;
  readonly #leadsTo: string;
  readonly #folder: string;
  readonly #ports: readonly number[];
  readonly #client: Deno.HttpClient;
  readonly #processes: Deno.ChildProcess[] = [];

  private constructor(
    { address, nameServer, leadsTo, folder, ca }: Readonly<
      Record<"address" | "nameServer" | "leadsTo" | "folder" | "ca", string>
    >,
  ) {
    this.address = address;
    this.#nameServer = nameServer;
    this.#leadsTo = leadsTo;
    this.#folder = folder;
    this.#ports = [...freePorts(), ...freePorts()];
    this.#client = Deno.createHttpClient({ caCerts: [ca] });
  }

  static async start({ httpPort, validitySeconds = 90 * 86400, listen, leadsTo }: PebbleOptions): Promise<Pebble> {
    const address = listen ?? await machineAddress();
    if (address === undefined) throw new Error("this machine has no address but 127.0.0.1");
    const folder = await Deno.makeTempDir({ prefix: "mypaas-pebble-" });
    const { certificatePem, keyPem } = await makeCertificate(address, new Date());
    const pebble = new Pebble({
      address,
      nameServer: listen ?? "127.0.0.1",
      leadsTo: leadsTo ?? address,
      folder,
      ca: certificatePem,
    });
    try {
      const config = {
        listenAddress: `0.0.0.0:${pebble.#port(0)}`,
        managementListenAddress: `0.0.0.0:${pebble.#port(1)}`,
        certificate: `${folder}/ca.pem`,
        privateKey: `${folder}/ca.key`,
        httpPort,
        tlsPort: 443,
        certificateValidityPeriod: validitySeconds,
      };
      await Deno.writeTextFile(`${folder}/ca.pem`, certificatePem);
      await Deno.writeTextFile(`${folder}/ca.key`, keyPem);
      await Deno.writeTextFile(`${folder}/pebble.json`, JSON.stringify({ pebble: config }));
      await pebble.#run();
      return pebble;
    } catch (error) {
      await pebble[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What `init` is told to use it. */
  get flags(): readonly string[] {
    return this.flagsWith(this.authorityFile);
  }

  /** The same for a machine that has the authority's own certificate in another file. */
  flagsWith(authorityFile: string): readonly string[] {
    const directory = `https://${this.address}:${this.#port(0)}/dir`;
    return ["--acme", directory, "--acme-ca", authorityFile, "--dns", `${this.#nameServer}:${this.#port(2)}`];
  }

  /** The file with the certificate that it shows itself. */
  get authorityFile(): string {
    return `${this.#folder}/ca.pem`;
  }

  /** The file with the certificate that signed all others, for clients that trust it. */
  get root(): string {
    return `${this.#folder}/root.pem`;
  }

  /** How many certificates it was asked for. */
  async orders(): Promise<number> {
    return (await this.#log()).match(/POST \/order-plz /g)?.length ?? 0;
  }

  /** Whether it ever looked whether a domain leads to the server. */
  async looked(domain: string): Promise<boolean> {
    return (await this.#log()).includes(domain);
  }

  /** Lets a name lead to other addresses from now on; to none, or `undefined`, as all others. */
  async lead(domain: string, addresses: readonly string[] | undefined): Promise<void> {
    await this.#dns("clear-a", { host: `${domain}.` });
    if (addresses !== undefined) await this.#dns("add-a", { host: `${domain}.`, addresses });
  }

  #port(n: number): number {
    return this.#ports[n] ?? 0;
  }

  async #dns(command: string, body: unknown): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#port(3)}/${command}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${command}: ${response.status}`);
  }

  async #run(): Promise<void> {
    const dns = `${this.#nameServer}:${this.#port(2)}`;
    const off = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
    const names = ["-defaultIPv4", this.#leadsTo, "-defaultIPv6", "", "-dns01", dns, ...off];
    this.#spawn("pebble-challtestsrv", [...names, "-management", `127.0.0.1:${this.#port(3)}`]);
    // It waits a while before it looks, and refuses some requests, unless it is told not to.
    const env = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0", PEBBLE_AUTHZREUSE: "0" };
    this.#spawn("pebble", ["-config", `${this.#folder}/pebble.json`, "-dnsserver", dns], env);
    await waitUntil(async () => {
      try {
        await this.#dns("clear-a", { host: "nobody.test." });
        const root = await fetch(`https://${this.address}:${this.#port(1)}/roots/0`, { client: this.#client });
        await Deno.writeTextFile(this.root, await root.text());
        return true;
      } catch {
        return false;
      }
    }, { what: "Pebble answers", timeoutMs: 20_000 });
  }

  #log(): Promise<string> {
    return Deno.readTextFile(`${this.#folder}/pebble.log`);
  }

  #spawn(program: string, args: readonly string[], env: Record<string, string> = {}): void {
    const words = [`${this.#folder}/${program}.log`, `${CHECKOUT}/.tools/bin/${program}`, ...args];
    const process = new Deno.Command("bash", { args: ["-c", 'exec "$@" >"$0" 2>&1', ...words], env, stdin: "null" });
    this.#processes.push(process.spawn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) process.kill("SIGTERM");
    await Promise.all(this.#processes.map(({ status }) => status));
    this.#client.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
