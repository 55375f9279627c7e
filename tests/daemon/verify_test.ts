import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DamagedPart } from "../../src/archive/blobs.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { KeyPair } from "../../src/auth/keys.ts";
import { errorOfResponse } from "../../src/wire/error_body.ts";
import { BenchDaemon } from "./bench_daemon.ts";

const MISSING = { json: { digests: [] } };

/** Asks the gate about a request, as the receiver does, which keeps the body. */
async function verify(daemon: BenchDaemon, { method, url, headers }: Request): Promise<Response> {
  const { pathname, search } = new URL(url);
  const body = JSON.stringify({ method, path: pathname, query: search, headers: Object.fromEntries(headers) });
  return await daemon.gate(new Request("http://daemon/v1/verify", { method: "POST", body }));
}

async function sentence(daemon: BenchDaemon, request: Request): Promise<string> {
  const response = await verify(daemon, request);
  assertEquals(response.ok, false);
  return (await errorOfResponse(response)).message;
}

async function uploads(daemon: BenchDaemon, key: KeyPair, service: string): Promise<readonly Request[]> {
  return [
    await daemon.signed(key, `POST /v1/missing?service=${service}`, MISSING),
    await daemon.signed(key, `PUT /v1/blobs?service=${service}`),
  ];
}

Deno.test("the gate says yes to an upload into the key's scope, and names the service", async () => {
  await using daemon = await BenchDaemon.start();
  for (const request of await uploads(daemon, await daemon.laptop({ scope: ["blog"] }), "blog")) {
    const response = await verify(daemon, request);
    assertEquals([response.status, await response.json()], [200, { service: "blog" }]);
  }
  assertEquals(daemon.audit.lines(9), []);
});

Deno.test("the gate names what of the service is stored and damaged, to who asks what is missing", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop({ scope: ["blog"] });
  const content = new TextEncoder().encode("hello");
  const digest = sha256(content);
  await daemon.blobs.put("blog", [{ digest, content: content.subarray(1) }]);
  const chunk = { digest, size: content.length };
  await assertRejects(() => daemon.parts.sources.gate.read("blog", chunk), DamagedPart, digest);
  const [missing, blobs] = await uploads(daemon, ann, "blog");
  assert(missing !== undefined && blobs !== undefined);
  assertEquals(await (await verify(daemon, missing)).json(), { service: "blog", damaged: [digest] });
  assertEquals(await (await verify(daemon, blobs)).json(), { service: "blog" });
});

Deno.test("the gate says no to an upload outside of the scope, and audits it", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop({ scope: ["blog"] });
  for (const request of await uploads(daemon, ann, "shop")) {
    assertStringIncludes(await sentence(daemon, request), `of "shop": the key "ann" (${ann.id}) has the role "deploy"`);
  }
  assertEquals(daemon.audit.lines(9).map(({ action, subject }) => [action, subject]), [["blobs", "shop"], [
    "missing",
    "shop",
  ]]);
});

Deno.test("the gate says no to an upload that is not signed, was sent before, or was changed", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  for (const request of await uploads(daemon, ann, "blog")) {
    const unsigned = new Request(request.url, { method: request.method });
    assertEquals(await sentence(daemon, unsigned), "Cannot accept the request: it is not signed");
    const other = new Request(request.url.replace("blog", "shop"), request);
    assertEquals(await sentence(daemon, other), "Cannot accept the request: its signature is wrong");
    assertEquals((await verify(daemon, request)).status, 200);
    assertEquals(await sentence(daemon, request), "Cannot accept the request: it was sent before");
  }
});

Deno.test("the gate says no when the digest of a list of blobs is not signed", async () => {
  await using daemon = await BenchDaemon.start();
  const request = await daemon.signed(await daemon.laptop(), "POST /v1/missing?service=blog", { streamed: true });
  assertEquals(await sentence(daemon, request), 'Cannot accept the request: it has no "content-digest" header');
});

Deno.test("the gate verifies uploads only", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop();
  assertEquals(
    await sentence(daemon, await daemon.signed(ann, "GET /v1/services")),
    "Cannot verify /v1/services: the receiver does not serve it",
  );
  assertEquals(
    await sentence(daemon, await daemon.signed(ann, "PUT /v1/blobs")),
    "Cannot verify /v1/blobs: it does not name a service",
  );
});

Deno.test("daemon.sock verifies nothing", async () => {
  await using daemon = await BenchDaemon.start();
  const response = await daemon.local(new Request("http://daemon/v1/verify", { method: "POST", body: "{}" }));
  assertStringIncludes((await errorOfResponse(response)).message, "this server does not know it");
});

Deno.test("the gate takes no question that it and the signature could read in two ways", async () => {
  await using daemon = await BenchDaemon.start();
  const { url, headers } = await daemon.signed(await daemon.laptop(), "POST /v1/missing?service=blog", MISSING);
  const { pathname: path, search: query } = new URL(url);
  const usual = { method: "POST", path, query, headers: Object.fromEntries(headers) };
  for (
    const change of [
      { method: "POST\nX" },
      { path: "/v1/../v1/missing" },
      { path: `${path}${query}`, query: "" },
      { query: "?service=bl\nog" },
      { query: "?service=blog#x" },
      { headers: { ...usual.headers, "a b": "c" } },
      { headers: { ...usual.headers, signature: "a\nb: c" } },
    ]
  ) {
    const body = JSON.stringify({ ...usual, ...change });
    const response = await daemon.gate(new Request("http://daemon/v1/verify", { method: "POST", body }));
    assertStringIncludes((await errorOfResponse(response)).message, "Cannot read the request to verify");
  }
  assertEquals(daemon.logged, []);
});
