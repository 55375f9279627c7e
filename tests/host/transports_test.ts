import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Transport } from "../../src/client/transport.ts";
import { AuthError, ExitCode, MyPaasError, UsageError } from "../../src/error.ts";
import { fetchPinnedCertificate } from "../../src/host/certificate_pin.ts";
import { httpsTransport } from "../../src/host/https_transport.ts";
import { serveUnix } from "../../src/host/serve_unix.ts";
import { unixTransport } from "../../src/host/unix_transport.ts";
import { makeCertificate, type OwnCertificate } from "../../src/setup/certificate.ts";
import { certificatePin } from "../../src/setup/certificate_pin.ts";
import { tempFolder } from "./temp_folder.ts";

const NOW = new Date();

type Handler = (request: Request) => Response | Promise<Response>;

function serve(handler: Handler, own?: OwnCertificate): AsyncDisposable & { readonly port: number } {
  const abort = new AbortController();
  const tls = own ? { cert: own.certificatePem, key: own.keyPem } : {};
  const options = { hostname: "127.0.0.1", port: 0, signal: abort.signal, onListen() {}, ...tls };
  const server = Deno.serve(options, handler);
  return {
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}

const ok: Handler = () => new Response("here");

/** Sends one request, which must fail, and gives the sentence. */
async function failure(transport: Transport): Promise<string> {
  return (await failureWithCode(transport))[0];
}

/** The same, with the exit code that it means. */
async function failureWithCode(transport: Transport): Promise<[string, ExitCode]> {
  const { message, kind } = await assertRejects(() => transport.send("/v1/hello", { method: "GET" }), MyPaasError);
  transport.close();
  return [message, ExitCode[kind]];
}

function refusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("httpsTransport() reaches a server by its pinned certificate", async () => {
  const own = await makeCertificate("127.0.0.1", NOW);
  await using server = serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    return new Response(`${request.method} ${pathname}${search} ${request.headers.get("x-a")} ${await request.text()}`);
  }, own);
  const transport = httpsTransport(`https://127.0.0.1:${server.port}`, { certificate: own.certificatePem });
  assertEquals(transport.name, `https://127.0.0.1:${server.port}`);
  const body = ReadableStream.from([new TextEncoder().encode("bo"), new TextEncoder().encode("dy")]);
  const response = await transport.send("/v1/blobs?service=a", { method: "PUT", headers: { "x-a": "1" }, body });
  assertEquals(await response.text(), "PUT /v1/blobs?service=a 1 body");
  transport.close();
});

Deno.test("httpsTransport() says in one sentence why a server cannot be reached, and by the exit code whether it is who it says", async () => {
  const own = await makeCertificate("127.0.0.1", NOW);
  const other = await makeCertificate("127.0.0.1", NOW);
  const elsewhere = await makeCertificate("10.1.2.3", NOW);
  const expired = await makeCertificate("127.0.0.1", new Date(NOW.getTime() - 11 * 366 * 24 * 3600 * 1000));
  await using tls = serve(ok, own);
  await using wrongName = serve(ok, elsewhere);
  await using old = serve(ok, expired);
  await using plain = serve(ok);
  await using silent = serve(() => new Promise<Response>(() => {}));
  const port = refusedPort();
  const url = (port: number, scheme = "https") => `${scheme}://127.0.0.1:${port}`;
  const cases: readonly [Transport, string, ExitCode?][] = [
    [httpsTransport("https://nobody.invalid"), `https://nobody.invalid: the name "nobody.invalid" is not found`],
    [httpsTransport(url(port)), `${url(port)}: nothing listens there`],
    [httpsTransport(url(port, "http")), `${url(port, "http")}: nothing listens there`],
    [httpsTransport(url(tls.port)), `${url(tls.port)}: no authority that this machine knows signed its certificate`, 3],
    [
      httpsTransport(url(tls.port), { certificate: other.certificatePem }),
      `${url(tls.port)}: its certificate is not the one of the login`,
      3,
    ],
    [
      httpsTransport(url(wrongName.port), { certificate: elsewhere.certificatePem }),
      `${url(wrongName.port)}: its certificate is not for "127.0.0.1"`,
      3,
    ],
    [
      httpsTransport(url(old.port), { certificate: expired.certificatePem }),
      `${url(old.port)}: its certificate is not valid at this time`,
      3,
    ],
    [httpsTransport(url(plain.port)), `${url(plain.port)}: it does not speak TLS`],
    [
      httpsTransport(url(silent.port, "http"), { answerTimeoutMs: 100 }),
      `${url(silent.port, "http")}: it does not answer`,
    ],
  ];
  for (const [transport, sentence, code = 1] of cases) {
    assertEquals(await failureWithCode(transport), [`Cannot reach ${sentence}`, code]);
  }
});

Deno.test("httpsTransport() takes plain http to this machine only", () => {
  for (
    const url of ["http://shop.example", "http://10.0.0.1:80", "http://127.0.0.1.example", "ftp://localhost", "shop"]
  ) {
    assertThrows(() => httpsTransport(url), UsageError, `Cannot use "${url}" as a server`);
  }
  for (const url of ["http://localhost:8480", "http://127.0.0.1", "http://[::1]:80", "https://shop.example"]) {
    httpsTransport(url).close();
  }
});

Deno.test("httpsTransport() does not follow a redirect and ends with the caller's signal", async () => {
  await using moved = serve(() => Response.redirect("http://127.0.0.1:1/", 308));
  const transport = httpsTransport(`http://127.0.0.1:${moved.port}`);
  const response = await transport.send("/v1/hello", { method: "GET" });
  assertEquals(response.status, 308);
  await response.body?.cancel();
  transport.close();

  await using silent = serve(() => new Promise<Response>(() => {}));
  const waiting = httpsTransport(`http://127.0.0.1:${silent.port}`);
  const signal = AbortSignal.timeout(50);
  const error = await assertRejects(() => waiting.send("/v1/hello", { method: "GET", signal }), DOMException);
  assertEquals(error, signal.reason);
  waiting.close();
});

Deno.test("unixTransport() says that there is no socket, or that nobody serves it", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.sock`;
  assertEquals(await failure(unixTransport(path)), `Cannot reach the daemon: there is no "${path}"`);
  const listener = Deno.listen({ transport: "unix", path });
  listener.close();
  await Deno.remove(path).catch(() => {});
  const dead = new Deno.Command(Deno.execPath(), {
    args: ["eval", `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.kill(Deno.pid, "SIGKILL")`],
  });
  await dead.output();
  assertEquals(await failure(unixTransport(path)), "Cannot reach the daemon: it does not run");
});

Deno.test("unixTransport() works again after the daemon was restarted", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.sock`;
  const transport = unixTransport(path);
  for (let i = 0; i < 3; i++) {
    const server = await serveUnix({ path, mode: 0o600 }, ok);
    const response = await transport.send("/v1/hello", { method: "GET" });
    assertEquals(await response.text(), "here");
    await server.close();
  }
  transport.close();
});

Deno.test("fetchPinnedCertificate() takes the pinned certificate and no other", async () => {
  const own = await makeCertificate("127.0.0.1", NOW);
  await using server = serve(ok, own);
  const pin = await certificatePin(own.certificatePem);
  const certificate = await fetchPinnedCertificate("127.0.0.1", server.port, { pin });
  assertEquals(await certificatePin(certificate), pin);
  const transport = httpsTransport(`https://127.0.0.1:${server.port}`, { certificate });
  assert((await (await transport.send("/", { method: "GET" })).text()) === "here");
  transport.close();
  await assertRejects(
    () => fetchPinnedCertificate("127.0.0.1", server.port, { pin: pin.slice(1) + "A" }),
    AuthError,
    "its certificate is not the one that the invite names",
  );
});

Deno.test("fetchPinnedCertificate() says in one sentence why a server cannot be reached", async () => {
  await using plain = serve(ok);
  const fetching = (host: string, port: number) => fetchPinnedCertificate(host, port, { pin: "x", timeoutMs: 500 });
  await assertRejects(() => fetching("127.0.0.1", refusedPort()), MyPaasError, "nothing listens there");
  await assertRejects(() => fetching("nobody.invalid", 443), MyPaasError, "the name is not found");
  await assertRejects(() => fetching("127.0.0.1", plain.port), MyPaasError, "it does not speak TLS");
});

Deno.test({
  name: "fetchPinnedCertificate() gives up a server that does not answer",
  // Deno keeps the unfinished handshake of node:tls until the process ends.
  sanitizeResources: false,
  async fn() {
    using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const fetching = fetchPinnedCertificate("127.0.0.1", deaf.addr.port, { pin: "x", timeoutMs: 200 });
    await assertRejects(() => fetching, MyPaasError, "it does not answer");
  },
});
