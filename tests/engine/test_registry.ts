import { toBase64Url } from "../../src/auth/base64url.ts";
import type { RegistryCredential } from "../../src/service/registry.ts";
import { makeCertificate } from "../../src/setup/certificate.ts";
import { waitUntil } from "../../src/wait.ts";
import { freePorts } from "../e2e/free_ports.ts";
import { CHECKOUT } from "../e2e/project.ts";
import { docker } from "./bench.ts";

/** How a registry asks who is there (distribution spec): `Basic`, or `Bearer` with tokens of a server of its own. */
export type Challenge = "Basic" | "Bearer";

/** The one who may pull and push. The password stands nowhere else, so that it is found wherever it leaks to. */
const USER = "ann";
export const PASSWORD = "bench-password-7f3a9c";
const PASSWORD_BCRYPT = "$2b$04$Dvuw2Vr0Rvovx7Jpt8I3t.lQMsP5Xo1dizFMwWLDtzD/VnJFpsrOC";
const SERVICE = "bench-registry";
const ISSUER = "bench-tokens";

/** The distribution's registry on a port of 127.0.0.1, which Docker takes without TLS; nothing is had without the password. */
export class TestRegistry implements AsyncDisposable {
  readonly host: string;
  readonly #folder: string;
  readonly #tokens: Deno.HttpServer | undefined;
  #process: Deno.ChildProcess | undefined;

  private constructor(host: string, folder: string, tokens: Deno.HttpServer | undefined) {
    this.host = host;
    this.#folder = folder;
    this.#tokens = tokens;
  }

  static async start(challenge: Challenge): Promise<TestRegistry> {
    const [port, tokenPort] = freePorts();
    const folder = await Deno.makeTempDir({ prefix: "mypaas-registry-" });
    const { certificatePem, keyPem } = await makeCertificate("localhost", new Date());
    await Deno.writeTextFile(`${folder}/htpasswd`, `${USER}:${PASSWORD_BCRYPT}\n`);
    await Deno.writeTextFile(`${folder}/tokens.pem`, certificatePem);
    const auth = challenge === "Basic" ? { htpasswd: { realm: SERVICE, path: `${folder}/htpasswd` } } : {
      token: {
        realm: `http://127.0.0.1:${tokenPort}/token`,
        service: SERVICE,
        issuer: ISSUER,
        rootcertbundle: `${folder}/tokens.pem`,
      },
    };
    // YAML has JSON in it.
    const config = {
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: `${folder}/data` } },
      http: { addr: `127.0.0.1:${port}` },
      auth,
    };
    await Deno.writeTextFile(`${folder}/config.yml`, JSON.stringify(config));
    const tokens = challenge === "Basic" ? undefined : serveTokens(tokenPort, { certificatePem, keyPem });
    const registry = new TestRegistry(`127.0.0.1:${port}`, folder, tokens);
    await registry.resume();
    return registry;
  }

  /** What a pull needs; another password is a wrong one. */
  credential(password = PASSWORD): RegistryCredential {
    return { host: this.host, username: USER, password };
  }

  /** Pushes an image of the machine under a name of this registry, which the machine then knows no more. */
  async publish(image: string, name: string): Promise<string> {
    const target = `${this.host}/${name}`;
    const auths = { [this.host]: { auth: btoa(`${USER}:${PASSWORD}`) } };
    await Deno.writeTextFile(`${this.#folder}/config.json`, JSON.stringify({ auths }));
    await docker("tag", image, target);
    try {
      await docker("--config", this.#folder, "push", "--quiet", target);
    } finally {
      await docker("rmi", target);
    }
    return target;
  }

  /** Starts it, at first and after `stop`. */
  async resume(): Promise<void> {
    this.#process = new Deno.Command(`${CHECKOUT}/.tools/bin/docker-registry`, {
      args: ["serve", `${this.#folder}/config.yml`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await waitUntil(async () => {
      const response = await fetch(`http://${this.host}/v2/`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 401;
    }, { what: "the registry answers", timeoutMs: 10_000, intervalMs: 20 });
  }

  /** Nobody answers at its address any more. */
  async stop(): Promise<void> {
    this.#process?.kill();
    await this.#process?.status;
    this.#process = undefined;
  }

  /** Takes every name of this registry off the images of the machine. */
  async #forgetImages(): Promise<void> {
    // Digests first: with the last tag its digest goes by itself.
    for (const part of ["@{{.Digest}}", ":{{.Tag}}"]) {
      const flags = ["--digests", "--filter", `reference=${this.host}/*/*`, "--format", `{{.Repository}}${part}`];
      const names = (await docker("images", ...flags)).split("\n");
      for (const name of names) if (name !== "" && !name.includes("<none>")) await docker("rmi", name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#forgetImages();
    await this.#tokens?.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The token server of the distribution spec: who has the password gets what they ask for, signed with ES256. */
function serveTokens(
  port: number,
  { certificatePem, keyPem }: { readonly certificatePem: string; readonly keyPem: string },
): Deno.HttpServer {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = crypto.subtle.importKey("pkcs8", Uint8Array.fromBase64(base64Of(keyPem)), algorithm, false, ["sign"]);
  const part = (value: unknown) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
    if (request.headers.get("authorization") !== `Basic ${btoa(`${USER}:${PASSWORD}`)}`) {
      const errors = [{ code: "UNAUTHORIZED", message: "incorrect username or password" }];
      return Response.json({ errors }, { status: 401 });
    }
    const now = Math.floor(Date.now() / 1000);
    const access = new URL(request.url).searchParams.getAll("scope").flatMap((scope) => {
      const [, type, name, actions] = /^(\w+):(.+):([\w,]+)$/.exec(scope) ?? [];
      return type === undefined ? [] : [{ type, name, actions: actions?.split(",") }];
    });
    const claims = { iss: ISSUER, sub: USER, aud: SERVICE, exp: now + 60, nbf: now - 60, iat: now, jti: "1", access };
    const text = `${part({ typ: "JWT", alg: "ES256", x5c: [base64Of(certificatePem)] })}.${part(claims)}`;
    const signature = await crypto.subtle.sign(algorithm, await key, new TextEncoder().encode(text));
    return Response.json({ token: `${text}.${toBase64Url(new Uint8Array(signature))}` });
  });
}

/** What stands between the lines of a PEM. */
function base64Of(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----|\s/g, "");
}
