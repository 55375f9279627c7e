import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { certificateNames } from "../../src/setup/certificate.ts";
import { waitUntil } from "../../src/wait.ts";
import { ConnectProxy } from "./connect_proxy.ts";
import { UNDER_UNIT } from "./harness_daemon.ts";
import { jsonLines, type Ran, sharedServer, succeeded } from "./lab.ts";
import { Pebble } from "./pebble.ts";
import type { AppProject } from "./project.ts";

const server = sharedServer();
let authority: Pebble | undefined;

Deno.test.beforeAll(async () => {
  authority = await Pebble.start({ httpPort: server().httpPort });
  succeeded(await server().init(...authority.flags, "--email", "ann@example.org"));
});
Deno.test.afterAll(async () => {
  await authority?.[Symbol.asyncDispose]();
});

function pebble(): Pebble {
  if (authority === undefined) throw new Error("Pebble did not start");
  return authority;
}

function shop(change: Partial<AppProject> = {}): AppProject {
  const options = { domain: ["shop.test", "www.shop.test", "bad.test"], https: "true" };
  return { name: "shop", options, app: { TEXT: "shop {path}" }, ...change };
}

/** Asks as a visitor does who trusts Pebble's root and nothing else. */
async function curl(url: string, ...flags: string[]): Promise<Ran> {
  const { hostname } = new URL(url);
  const { httpPort, httpsPort } = server();
  const where = [[80, httpPort], [443, httpsPort]].flatMap(([usual, port]) => [
    "--connect-to",
    `${hostname}:${usual}:127.0.0.1:${port}`,
  ]);
  const { code, stdout, stderr } = await new Deno.Command("curl", {
    args: ["-sS", "--noproxy", "*", "--max-time", "5", "--cacert", pebble().root, ...where, ...flags, url],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Waits until a page is there with a certificate of Pebble's. */
async function untilTrusted(url: string, timeoutMs: number): Promise<string> {
  return await waitUntil(async () => {
    const { code, stdout } = await curl(url);
    return code === 0 && stdout;
  }, { what: `${url} is trusted`, timeoutMs, intervalMs: 200 });
}

interface Certificate {
  readonly names: readonly string[];
  readonly keyType: string;
}

/** The first certificate that is shown for a name. */
async function certificateOf(host: string): Promise<Certificate> {
  const { stdout } = await new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${server().httpsPort}`, "-servername", host],
    stdin: "null",
    stderr: "null",
  }).output();
  const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(new TextDecoder().decode(stdout))?.[0] ??
    "";
  return { names: certificateNames(pem), keyType: new X509Certificate(pem).publicKey.asymmetricKeyType ?? "" };
}

/** The domains of a service as `ps` tells of them: `valid`, or why not. */
async function told(service: string): Promise<Readonly<Record<string, unknown>>> {
  const all = jsonLines(succeeded(await server().run(["ps", "--json"])));
  const certificates = all.find((one) => one["service"] === service)?.["certificates"];
  if (!Array.isArray(certificates)) throw new Error("ps does not tell of certificates");
  return Object.fromEntries(certificates.map(({ domain, state, reason }) => [domain, reason ?? state]));
}

Deno.test("three domains of two services have certificates within 15 s of the push; a bad one beside them is pending with its reason, and nobody asked the authority for it", async () => {
  await pebble().lead("bad.test", ["192.0.2.1"]);
  const began = performance.now();
  const left = () => 15_000 - (performance.now() - began);
  const [first, second] = await Promise.all([
    server().push(shop()),
    server().push({ name: "blog", options: { domain: "blog.test", https: "true" }, app: { TEXT: "blog" } }),
  ]);
  succeeded(second);
  const sentence = "bad.test resolves to 192.0.2.1, not to this server";
  assertStringIncludes(succeeded(first).stderr.replaceAll(/\s+/g, " "), `certificate pending: ${sentence}`);
  const pages = ["https://shop.test/a", "https://www.shop.test/b", "https://blog.test/"];
  assertEquals(await Promise.all(pages.map((url) => untilTrusted(url, left()))), ["shop /a", "shop /b", "blog"]);
  assertEquals(await told("shop"), { "shop.test": "valid", "www.shop.test": "valid", "bad.test": sentence });
  assertEquals(await told("blog"), { "blog.test": "valid" });
  const table = succeeded(await server().run(["ps"])).stdout;
  assertMatch(table, /https until \d{4}-\d\d-\d\d \d\d:\d\dZ, renewed before/);
  assertStringIncludes(table, `certificate pending: ${sentence}`);
  assertEquals(await pebble().orders(), 3);
  assert(!await pebble().looked("bad.test"));
});

Deno.test("each domain has its own certificate, with an EC key; http leads to https; TLS below 1.2 is refused", async () => {
  for (const domain of ["shop.test", "www.shop.test", "blog.test"]) {
    const certificate = await certificateOf(domain);
    assertEquals(certificate, { names: [domain], keyType: "ec" });
  }
  assertEquals((await certificateOf("bad.test")).names.includes("bad.test"), false);
  const format = ["-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"];
  const { stdout } = await curl("http://shop.test/a?b", ...format);
  assertEquals(stdout, `308 https://shop.test:${server().httpsPort}/a?b`);
  const old = ["--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0"];
  assertStringIncludes((await curl("https://shop.test/", ...old)).stderr, "protocol version");
  succeeded(await curl("https://shop.test/", "--tls-max", "1.2"));
});

Deno.test("redeploys order nothing, and keys stay private", async () => {
  const orders = await pebble().orders();
  for (const TEXT of ["two", "three"]) succeeded(await server().push(shop({ app: { TEXT } })));
  assertEquals((await curl("https://shop.test/")).stdout, "three");
  assertEquals(await pebble().orders(), orders);
  const { acme } = server().layout;
  const files = await Array.fromAsync(Deno.readDir(acme));
  assertEquals(files.length, 2);
  for (const { name } of files) assertEquals(((await Deno.stat(`${acme}/${name}`)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("a name that is repaired has a certificate within a minute, without a redeploy", async () => {
  const orders = await pebble().orders();
  await pebble().lead("bad.test", undefined);
  await untilTrusted("https://bad.test/", 60_000);
  assertEquals(await pebble().orders(), orders + 1);
});

// Under a unit of the tests' own init starts no daemon that it could ask.
const ownDomain = { name: "a server with a domain of its own has a certificate for it, and laptops need no pin" };
Deno.test({ ...ownDomain, ignore: UNDER_UNIT }, async () => {
  const { flags, address, root } = pebble();
  await pebble().lead("paas.test", ["192.0.2.1"]);
  const early = succeeded(await server().init("--domain", "paas.test"));
  assertStringIncludes(early.stderr, "paas.test resolves to 192.0.2.1, not to this server");
  await pebble().lead("paas.test", undefined);
  const ran = succeeded(await server().init(...flags, "--domain", "paas.test"));
  assertEquals(ran.stderr.includes("warning:"), false, ran.stderr);

  const line = await server().invite("by domain", "deploy");
  assertMatch(line, /^https:\/\/paas\.test:\d+#[^.]+\.[^.]+\.[^.]+\.[^.]+$/);
  await using proxy = new ConnectProxy();
  proxy.hosts.set("paas.test", address);
  const way = { ...server().laptop("trusting"), HTTPS_PROXY: `http://${proxy.address}`, NO_PROXY: "" };
  const stranger = await server().login("paas", line, way);
  assertStringIncludes(stranger.stderr, "no authority that this machine knows signed its certificate");
  const trusting = { ...way, DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: root };
  succeeded(await server().login("paas", line, trusting));
  succeeded(await server().client(["ps", "--server", "paas"], trusting));
});
