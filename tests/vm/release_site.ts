import { makeCertificate } from "../../src/setup/certificate.ts";
import { MYPAAS } from "../e2e/lab.ts";
import { CHECKOUT } from "../e2e/project.ts";
import { addRelease } from "../e2e/second_build.ts";

/** Releases on the web, as their owner serves them: over https, here at an address of this machine. */
export class ReleaseSite implements AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  /** Whom a machine must trust that takes something from here (PEM). */
  readonly certificate: string;
  readonly #server: Deno.HttpServer;

  private constructor(site: Pick<ReleaseSite, "folder" | "url" | "certificate">, server: Deno.HttpServer) {
    this.folder = site.folder;
    this.url = site.url;
    this.certificate = site.certificate;
    this.#server = server;
  }

  /** With install.sh and the program under test. */
  static async start(address: string, version: string): Promise<ReleaseSite> {
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mypaas-site-" });
    const { certificatePem, keyPem } = await makeCertificate(address, new Date());
    const server = Deno.serve({
      hostname: address,
      port: 0,
      cert: certificatePem,
      key: keyPem,
      onListen: () => {},
    }, async (request) => {
      const file = await Deno.open(folder + new URL(request.url).pathname).catch(() => undefined);
      return file === undefined ? new Response("not here", { status: 404 }) : new Response(file.readable);
    });
    const url = `https://${address}:${server.addr.port}`;
    const script = await Deno.readTextFile(`${CHECKOUT}/scripts/install.sh`);
    await Deno.writeTextFile(`${folder}/install.sh`, script.replace("\nRELEASES=''", `\nRELEASES='${url}'`));
    await addRelease(folder, version, MYPAAS);
    return new ReleaseSite({ folder, url, certificate: certificatePem }, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}
