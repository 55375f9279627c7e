// What stands between a laptop and a server that it has logged in to: each failure with its sentence and exit code, by the
// compiled program against real servers.
import { assertEquals, assertMatch } from "@std/assert";
import { exportPrivateKey, generateKey } from "../../src/auth/keys.ts";
import { formatServerLine } from "../../src/auth/server_line.ts";
import type { ServerEntry } from "../../src/client/servers.ts";
import { clientFolder } from "../../src/host/client_files.ts";
import { makeCertificate, type OwnCertificate } from "../../src/setup/certificate.ts";
import { certificatePin } from "../../src/setup/certificate_pin.ts";
import { tempFolder } from "../host/temp_folder.ts";
import { ConnectProxy } from "./connect_proxy.ts";
import { type Ran, runProgram } from "./lab.ts";

const YEAR_MS = 366 * 24 * 3600 * 1000;
const NOW = new Date();
const OWN = await makeCertificate("127.0.0.1", NOW);
const SERVER_ID = "0123456789abcdef0123456789abcdef";
const KEY = await generateKey();

type Handler = (request: Request) => Response | Promise<Response>;

/** Answers `hello` as a receiver does, and the rest as it is told. */
function serve(handler: Handler, tls: Pick<OwnCertificate, "certificatePem" | "keyPem"> | null = OWN) {
  const abort = new AbortController();
  const keys = tls === null ? {} : { cert: tls.certificatePem, key: tls.keyPem };
  const options = { hostname: "127.0.0.1", port: 0, signal: abort.signal, onListen() {}, ...keys };
  const server = Deno.serve(
    options,
    (request) =>
      new URL(request.url).pathname === "/v1/hello"
        ? Response.json({ serverId: SERVER_ID, version: "9.9.9", time: NOW.toISOString() })
        : handler(request),
  );
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}

const here: Handler = () => Response.json([]);
const page = (status: number, title: string, headers: Record<string, string> = {}): Handler => () =>
  new Response(`<!doctype html><html><head><title>\n ${title}\x1b[31m</title></head></html>`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", ...headers },
  });

/** Runs a command on a laptop that is logged in to one server, `lab`. */
async function onLaptop(
  entry: Partial<ServerEntry> & Pick<ServerEntry, "url">,
  args: readonly string[] = ["ps", "--server", "lab"],
  env: Record<string, string> = {},
): Promise<Ran> {
  await using folder = await tempFolder();
  const files = clientFolder(folder.path);
  const rest = { serverId: SERVER_ID, daemonKey: KEY.publicKey, certificatePin: undefined, certificate: undefined };
  await files.saveServers({ lab: { ...rest, key: undefined, nextKey: undefined, ...entry } });
  await files.savePrivateKey(await exportPrivateKey(KEY));
  return await runProgram(args, { MYPAAS_CONFIG: folder.path, ...env });
}

const pinned = ({ url }: { readonly url: string }) => ({ url, certificate: OWN.certificatePem });

function assertFails(ran: Ran, code: number, sentence: RegExp): void {
  assertEquals([ran.code, ran.stdout], [code, ""], ran.stderr);
  assertMatch(ran.stderr.split("\n")[0] ?? "", sentence);
  assertMatch(ran.stderr, /^hint: +\S/m);
}

function refusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a server that is not reached is one sentence and exit code 1", async () => {
  await using plain = serve(here, null);
  assertFails(await onLaptop({ url: "https://nobody.invalid" }), 1, /the name "nobody\.invalid" is not found$/);
  assertFails(await onLaptop({ url: `https://127.0.0.1:${refusedPort()}` }), 1, /nothing listens there$/);
  assertFails(await onLaptop(plain), 1, /it does not speak TLS$/);
  const elsewhere = await onLaptop({ url: "http://10.0.0.1" });
  assertFails(elsewhere, 2, /plain http is for this machine only$/);
});

Deno.test("a certificate that does not prove the server is exit code 3, whatever is wrong with it", async () => {
  const other = await makeCertificate("10.1.2.3", NOW);
  const late = await makeCertificate("127.0.0.1", new Date(NOW.getTime() - 11 * YEAR_MS));
  const early = await makeCertificate("127.0.0.1", new Date(NOW.getTime() + 2 * YEAR_MS));
  await using server = serve(here);
  await using otherName = serve(here, other);
  await using expired = serve(here, late);
  await using future = serve(here, early);
  assertFails(await onLaptop({ url: server.url }), 3, /no authority that this machine knows signed its certificate$/);
  const changed = { url: server.url, certificate: (await makeCertificate("127.0.0.1", NOW)).certificatePem };
  assertFails(await onLaptop(changed), 3, /its certificate is not the one of the login$/);
  const wrongName = { url: otherName.url, certificate: other.certificatePem };
  assertFails(await onLaptop(wrongName), 3, /its certificate is not for "127\.0\.0\.1"$/);
  for (const [{ url }, { certificatePem }] of [[expired, late], [future, early]] as const) {
    const ran = await onLaptop({ url, certificate: certificatePem });
    assertFails(ran, 3, /its certificate is not valid at this time$/);
    assertMatch(ran.stderr, /Check the clocks of both machines: here it is \d{4}-/);
  }
  const pin = await certificatePin(late.certificatePem);
  const line = formatServerLine({
    url: server.url,
    serverId: SERVER_ID,
    daemonKey: KEY.publicKey,
    certificatePin: pin,
  });
  const byLine = await onLaptop(server, ["ps"], { MYPAAS_SERVER: line });
  assertFails(byLine, 3, /its certificate is not the one that the invite names$/);
});

Deno.test("what answers in the server's place is named: status, type, title or where it leads", async () => {
  const cases: readonly [Handler, RegExp][] = [
    [page(200, "Hotel Wi-Fi: log in"), /status 200 with text\/html "Hotel Wi-Fi: log in", not from MyPaas$/],
    [page(302, "x", { location: "http://login.example/?to=x" }), /status 302 to "http:\/\/login\.example\/\?to=x"/],
    [page(407, "Proxy login"), /status 407 with text\/html "Proxy login", not from MyPaas$/],
    [page(502, "502 Bad Gateway"), /status 502 with text\/html "502 Bad Gateway", not from MyPaas$/],
    [() => new Response("no", { status: 404 }), /status 404 with text\/plain, not from MyPaas$/],
    [() => Response.json([]), /result not proved, the answer is not signed by the server$/],
  ];
  for (const [handler, sentence] of cases) {
    await using server = serve(handler);
    assertFails(await onLaptop(pinned(server)), 1, sentence);
    if (sentence.source.includes("text")) {
      assertFails(await onLaptop(pinned(server), ["logs", "web", "--server", "lab"]), 1, sentence);
    }
  }
});

Deno.test("a connection that is cut in its answer is said to be", async () => {
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: OWN.certificatePem, key: OWN.keyPem });
  const served = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096)).catch(() => {});
      const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[";
      await connection.write(new TextEncoder().encode(head)).catch(() => {});
      connection.close();
    }
  })();
  const url = `https://127.0.0.1:${listener.addr.port}`;
  assertFails(await onLaptop(pinned({ url })), 1, /Cannot reach https:\S+: the connection broke off in its answer$/);
  listener.close();
  await served.catch(() => {});
});

Deno.test("a clock that is off is told by how much, which one and what the server's says", async () => {
  const { verifyRequest } = await import("../../src/auth/request_signature.ts");
  const { errorAnswer, toResponse } = await import("../../src/wire/error_body.ts");
  await using server = serve(async (request) => {
    const { pathname: path, search: query } = new URL(request.url);
    const asked = { method: request.method, path, query, headers: request.headers };
    const options = { serverId: SERVER_ID, now: new Date(Date.now() + 3600_000), bodyDigest: false };
    try {
      await verifyRequest(asked, { ...options, publicKeyOf: () => KEY.publicKey });
      return Response.json([]);
    } catch (error) {
      return toResponse(errorAnswer(error));
    }
  });
  const ran = await onLaptop(pinned(server));
  assertFails(ran, 3, /the clock of who asks is 36\d\d s behind the server's, allowed are 60 s$/);
  assertMatch(ran.stderr, /the server's says \d{4}-\d\d-\d\dT/);
});

Deno.test("HTTPS_PROXY is used for https, by a pinned certificate too, and NO_PROXY keeps it out", async () => {
  await using server = serve(here);
  await using proxy = new ConnectProxy();
  const version = ["version", "--server", "lab"];
  const target = `127.0.0.1:${server.port}`;
  const ran = await onLaptop(pinned(server), version, { HTTPS_PROXY: `http://ann:secret@${proxy.address}` });
  assertEquals([ran.code, ran.stdout.split("\n")[1]], [0, "server 9.9.9"], ran.stderr);
  assertEquals(proxy.asked, [`${target} Basic ${btoa("ann:secret")}`]);

  const pin = await certificatePin(OWN.certificatePem);
  const line = formatServerLine({
    url: server.url,
    serverId: SERVER_ID,
    daemonKey: KEY.publicKey,
    certificatePin: pin,
  });
  const byLine = await onLaptop(server, ["version"], { MYPAAS_SERVER: line, HTTPS_PROXY: `http://${proxy.address}` });
  assertEquals(byLine.code, 0, byLine.stderr);
  assertEquals(proxy.asked.slice(1), [target, target]);

  const direct = { HTTPS_PROXY: `http://${proxy.address}`, NO_PROXY: "127.0.0.0/8" };
  assertEquals((await onLaptop(pinned(server), version, direct)).code, 0);
  assertEquals(proxy.asked.length, 3);
});

Deno.test("a proxy that refuses, wants a login or is not there is named, and its password is not", async () => {
  await using server = serve(here);
  await using strict = new ConnectProxy("403 Forbidden");
  await using asking = new ConnectProxy("407 Proxy Authentication Required");
  const gone = `127.0.0.1:${refusedPort()}`;
  const pin = await certificatePin(OWN.certificatePem);
  const line = formatServerLine({
    url: server.url,
    serverId: SERVER_ID,
    daemonKey: KEY.publicKey,
    certificatePin: pin,
  });
  const cases: readonly [string, number, RegExp, RegExp][] = [
    [
      strict.address,
      1,
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) does not let it through$/,
      /does not let it through$/,
    ],
    [asking.address, 3, /\(HTTPS_PROXY\) wants a user and a password$/, /wants a user and a password$/],
    [
      gone,
      1,
      /nothing listens at the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\)$/,
      /\(HTTPS_PROXY\) is not reached$/,
    ],
  ];
  for (const [address, code, sentence, byLine] of cases) {
    const env = { HTTPS_PROXY: `http://ann:secret@${address}` };
    const ran = await onLaptop(pinned(server), undefined, env);
    assertFails(ran, code, sentence);
    const first = await onLaptop(server, ["ps"], { ...env, MYPAAS_SERVER: line });
    assertFails(first, code, byLine);
    assertEquals((ran.stderr + first.stderr).includes("secret"), false);
  }
});

Deno.test("a certificate of an authority that this machine knows needs no pin", async () => {
  await using folder = await tempFolder();
  const openssl = async (...args: readonly string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", { args: [...args], cwd: folder.path }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
  };
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await openssl("req", "-x509", ...ec, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem");
  const leaf = [
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  ];
  await openssl("req", "-x509", ...ec, ...leaf, "-subj", "/CN=localhost", "-keyout", "own.key", "-out", "own.pem");
  const read = (name: string) => Deno.readTextFile(`${folder.path}/${name}`);
  await using server = serve(here, { certificatePem: await read("own.pem"), keyPem: await read("own.key") });
  const url = `https://localhost:${server.port}`;
  const version = ["version", "--server", "lab"];
  assertFails(await onLaptop({ url }, version), 3, /no authority that this machine knows signed its certificate$/);
  const trusting = await onLaptop({ url }, version, { SSL_CERT_FILE: `${folder.path}/ca.pem` });
  assertEquals([trusting.code, trusting.stdout.split("\n")[1]], [0, "server 9.9.9"], trusting.stderr);
});
