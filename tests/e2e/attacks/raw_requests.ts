import type { Attack } from "./attack.ts";
import type { Door } from "./attacker.ts";

// Requests as no client of ours writes them, at each door: smuggling shapes, odd targets, methods and headers.

const LOGIN = "POST /v1/login HTTP/1.1\r\nHost: {host}\r\n";
const SERVICES = "GET /v1/services HTTP/1.1\r\nHost: {host}\r\n";

/**
 * The rest of a request, after its first line and host: a second one hides in what the other side may misread. Traefik has
 * no route for its host, so what answers it is the receiver, and then Traefik did not see it.
 */
const HIDDEN = "0\r\n\r\nGET /v1/hello HTTP/1.1\r\nHost: smuggled.example\r\n\r\n";

/** Framing that two servers may read differently: one of them would see the hidden request. */
const SMUGGLED: Readonly<Record<string, string>> = {
  "a length and chunks": `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN}`,
  "chunks and a length": `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${HIDDEN}`,
  "two lengths": `Content-Length: 5\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  "two lengths in one": `Content-Length: 5, ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  "a length with a sign": `Content-Length: +5\r\n\r\n${HIDDEN}`,
  "a length below zero": `Content-Length: -5\r\n\r\n${HIDDEN}`,
  "a length in hex": `Content-Length: 0x5\r\n\r\n${HIDDEN}`,
  "a length with an exponent": `Content-Length: 5e0\r\n\r\n${HIDDEN}`,
  "a length with a space in it": `Content-Length: 5 5\r\n\r\n${HIDDEN}`,
  "a length beyond 2^64": `Content-Length: 18446744073709551621\r\n\r\n${HIDDEN}`,
  "no length": `Content-Length:\r\n\r\n${HIDDEN}`,
  "chunks, with a space before the colon": `Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n${HIDDEN}`,
  "chunks, with a tab before the value": `Content-Length: 5\r\nTransfer-Encoding:\tchunked\r\n\r\n${HIDDEN}`,
  "chunks, with a vertical tab": `Content-Length: 5\r\nTransfer-Encoding: \x0bchunked\r\n\r\n${HIDDEN}`,
  "chunks on a folded line": `Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n\r\n${HIDDEN}`,
  "chunks in a name with an underscore": `Content-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n${HIDDEN}`,
  "chunks that are not": `Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n${HIDDEN}`,
  "chunks in quotes": `Content-Length: 5\r\nTransfer-Encoding: "chunked"\r\n\r\n${HIDDEN}`,
  "chunks, then identity": `Content-Length: 5\r\nTransfer-Encoding: chunked, identity\r\n\r\n${HIDDEN}`,
  "identity, then chunks":
    `Content-Length: 5\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN}`,
  "chunks twice": `Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN}`,
  "gzip, then chunks": `Transfer-Encoding: gzip, chunked\r\n\r\n${HIDDEN}`,
  "a header after a bare line feed": `X-A: b\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN}`,
  "a header after a bare carriage return": `X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${HIDDEN}`,
  "an end of bare line feeds": `Content-Length: 5\n\n${HIDDEN}`,
  "a folded header": `X-A: b\r\n c\r\nContent-Length: 5\r\n\r\n${HIDDEN}`,
};

/** Bodies in chunks that are none. */
const CHUNKS: Readonly<Record<string, string>> = {
  "an extension": `5;a="\r\n0\r\n\r\n"\r\nhello\r\n0\r\n\r\n`,
  "a size that is no number": "zz\r\nhello\r\n0\r\n\r\n",
  "a size below zero": "-5\r\nhello\r\n0\r\n\r\n",
  "a size beyond 2^64": "10000000000000005\r\nhello\r\n0\r\n\r\n",
  "a size of 2^64 - 1": "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "a size that lies": `2\r\nhello\r\n0\r\n\r\n`,
  "a bare line feed behind the size": `5\nhello\r\n0\r\n\r\n`,
  "trailers that sign": `5\r\nhello\r\n0\r\nSignature: sig=:AAAA:\r\nSignature-Input: sig=()\r\n\r\n`,
};

const HEADERS: Readonly<Record<string, string>> = {
  "a name with a space": "X A: b\r\n\r\n",
  "a name of nothing": ": b\r\n\r\n",
  "a name that is not ASCII": "X-\xe4: b\r\n\r\n",
  "a NUL in a value": "X-A: b\0c\r\n\r\n",
  "a line without a colon": "hello\r\n\r\n",
  "200 headers": `${Array.from({ length: 200 }, (_, n) => `X-${n}: b\r\n`).join("")}\r\n`,
  "10,000 headers": `${Array.from({ length: 10_000 }, (_, n) => `X-${n}: b\r\n`).join("")}\r\n`,
  "a header of 20 KB": `X-A: ${"b".repeat(20_000)}\r\n\r\n`,
  "a header of 900 KB": `X-A: ${"b".repeat(900_000)}\r\n\r\n`,
  "a header of 2 MB": `X-A: ${"b".repeat(2_000_000)}\r\n\r\n`,
  "an upgrade to a WebSocket":
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  "an upgrade to HTTP/2":
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n",
  "an unknown expectation": "Expect: a-miracle\r\n\r\n",
  "a body of a GET": "Content-Length: 5\r\n\r\nhello",
  "two hosts": "Host: evil.example\r\n\r\n",
};

const TARGETS: readonly string[] = [
  "//v1/services",
  "/v1//services",
  "/v1/../v1/services",
  "/v1/./services",
  "/v1/%2e%2e/v1/services",
  "/v1/%2e%2e%2fservices",
  "/v1/..%5cservices",
  "/v1\\services",
  "/v1/services%00",
  "/v1/services%0d%0aX-A:b",
  "/v1/services;a=b",
  "/v1/services/",
  "/v1/services#hello",
  "/V1/services",
  "/v1/%73ervices",
  "/v1/services/%2e%2e/keys",
  "/v1/services/%00/logs",
  "/v1/services/a%2fb/logs",
  "/v1/verify",
  "/v1/%76erify",
  "/v1/verify/",
  "//v1/verify",
  "/v1/x/../verify",
  "/v1/upgrade",
  "/v1/",
  "/",
  "/api/rawdata",
  "/../../../../etc/passwd",
  "/v1/..;/api/version",
  "http://evil.example/v1/services",
  "https://{host}/v1/services",
  "http://[::1/v1/services",
  "http:/v1/services",
  "file:///etc/passwd",
  "evil.example:443",
  "v1/services",
  "*",
  "?service=a",
  "/v1/services?\xff\xfe",
  `/v1/${"a".repeat(9000)}`,
  `/v1/services?${"a".repeat(70_000)}`,
  `/v1/${"../".repeat(2000)}services`,
];

const FIRST_LINES: Readonly<Record<string, string>> = {
  "an unknown method": "FROB /v1/services HTTP/1.1\r\nHost: {host}\r\n\r\n",
  "a method in small letters": "get /v1/services HTTP/1.1\r\nHost: {host}\r\n\r\n",
  "a method of 10,000 letters": `${"A".repeat(10_000)} /v1/services HTTP/1.1\r\nHost: {host}\r\n\r\n`,
  TRACE: "TRACE /v1/services HTTP/1.1\r\nHost: {host}\r\nCookie: secret\r\n\r\n",
  "TRACE of hello": "TRACE /v1/hello HTTP/1.1\r\nHost: {host}\r\n\r\n",
  CONNECT: "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n",
  "CONNECT of a path": "CONNECT /v1/services HTTP/1.1\r\nHost: {host}\r\n\r\n",
  PATCH: "PATCH /v1/services HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n",
  HEAD: "HEAD /v1/services HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
  OPTIONS: "OPTIONS /v1/services HTTP/1.1\r\nHost: {host}\r\n\r\n",
  "the version 0.9": "GET /v1/services\r\n\r\n",
  "the version 3.7": "GET /v1/services HTTP/3.7\r\nHost: {host}\r\n\r\n",
  "a version of letters": "GET /v1/services HTTP/x.y\r\nHost: {host}\r\n\r\n",
  "no host": "GET /v1/services HTTP/1.1\r\n\r\n",
  "an empty host": "GET /v1/services HTTP/1.1\r\nHost:\r\n\r\n",
  "another host": "GET /v1/services HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "a host with a path": "GET /v1/services HTTP/1.1\r\nHost: {host}/v1/hello\r\n\r\n",
  "a host with a user": "GET /v1/services HTTP/1.1\r\nHost: a@{host}\r\n\r\n",
  "a host with spaces": "GET /v1/services HTTP/1.1\r\nHost: a b\r\n\r\n",
  "a host that is no address": "GET /v1/services HTTP/1.1\r\nHost: [::1\r\n\r\n",
  "spaces in the target": "GET /v1/services /v1/hello HTTP/1.1\r\nHost: {host}\r\n\r\n",
  "TLS in TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "bytes of nothing": "\0\0\0\0\0\0\0\0\r\n\r\n",
};

function at(door: Door, name: string, text: string): Attack {
  return {
    name: `${door}: ${name}`,
    async send(attacker) {
      const answered = await attacker.raw(text, { door, cutAfterMs: 400 });
      const { serverId } = attacker.server;
      if (door === "traefik" && answered.raw.includes(serverId)) throw new Error("smuggled past Traefik");
      return answered;
    },
    expect: "refused",
  };
}

/** Every table at one door. */
function attacksAt(door: Door): readonly Attack[] {
  return [
    ...Object.entries(SMUGGLED).map(([name, rest]) => at(door, `smuggled behind ${name}`, LOGIN + rest)),
    ...Object.entries(CHUNKS).map(([name, rest]) =>
      at(door, `a chunk with ${name}`, `${LOGIN}Transfer-Encoding: chunked\r\n\r\n${rest}`)
    ),
    ...Object.entries(HEADERS).map(([name, rest]) => at(door, `headers with ${name}`, SERVICES + rest)),
    ...TARGETS.map((target) =>
      at(door, `the target ${target.slice(0, 40)}`, `GET ${target} HTTP/1.1\r\nHost: {host}\r\n\r\n`)
    ),
    ...Object.entries(FIRST_LINES).map(([name, text]) => at(door, name, text)),
  ];
}

export const RAW_REQUESTS: readonly Attack[] = (["traefik", "receiver", "gate"] as const).flatMap(attacksAt);
