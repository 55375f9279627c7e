import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Connection } from "../../src/client/connection.ts";
import { AuthError, MyPaasError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import { zstdCompress } from "../../src/host/zstd.ts";
import { within } from "../../src/wait.ts";
import { parseBlobsAnswer, parseMissingAnswer } from "../../src/wire/answer_schemas.ts";
import { jsonAnswer } from "../../src/wire/error_body.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import type { TestHandler } from "../fakes/handler_transport.ts";
import { MemoryGate } from "../fakes/memory_gate.ts";

import { CONTENT, frames, gateOf, get, laptop, receiver } from "./receiver_scene.ts";

Deno.test("GET /v1/hello is answered without the daemon", async () => {
  const { handler } = receiver(gateOf(() => Promise.reject(new Error("away"))));
  const response = await handler(get("/v1/hello"));
  assertEquals(await response.json(), {
    serverId: "0123456789abcdef0123456789abcdef",
    version: "0.1.0",
    time: "2026-11-22T10:00:00.000Z",
  });
});

Deno.test("Blobs are stored when the gate has verified the signature", async () => {
  const gate = await MemoryGate.make(() => new Response());
  const { store, handler } = receiver(gate);
  const connection = laptop(gate, handler);
  const body = new TextEncoder().encode(JSON.stringify({ digests: [sha256(CONTENT)] }));
  const asked = { body, parse: parseMissingAnswer, from: "receiver" } as const;
  const path = "/v1/missing?service=blog";
  assertEquals(await connection.json("POST", path, asked), { missing: [sha256(CONTENT)] });
  assertEquals(await connection.putBlobs("blog", frames(CONTENT), AbortSignal.timeout(5000)), { stored: 1 });
  assertEquals(await connection.json("POST", path, asked), { missing: [] });
  assertEquals([...store.stored.keys()], [`blog/${sha256(CONTENT)}`]);
  assertEquals(gate.seen, ["POST /v1/verify", "POST /v1/verify", "POST /v1/verify"]);
});

Deno.test("Blobs of somebody unknown are read, refused by the gate's word, and not stored", async () => {
  const gate = await MemoryGate.make(() => new Response());
  const stranger = await MemoryGate.make(() => new Response());
  const { store, handler } = receiver(gate);
  const connection = laptop(stranger, handler);
  await assertRejects(
    () => connection.putBlobs("blog", frames(CONTENT), AbortSignal.timeout(5000)),
    AuthError,
    "is not known to this server",
  );
  const unsigned = new Request("http://x/v1/blobs?service=blog", { method: "PUT", body: frames(CONTENT) });
  assertEquals((await handler(unsigned)).status, 401);
  assertEquals(store.stored.size, 0);
});

Deno.test("A question for missing blobs with a changed byte is refused", async () => {
  const gate = await MemoryGate.make(() => new Response());
  const { handler } = receiver(gate);
  const changing: TestHandler = async (request) => {
    const text = (await request.text()).replace("a", "b");
    return await handler(new Request(request.url, { method: request.method, headers: request.headers, body: text }));
  };
  const body = new TextEncoder().encode(JSON.stringify({ digests: ["a".repeat(64)] }));
  await assertRejects(
    () =>
      laptop(gate, changing).json("POST", "/v1/missing?service=blog", {
        body,
        parse: parseMissingAnswer,
        from: "receiver",
      }),
    AuthError,
    "not the one that was signed",
  );
});

Deno.test("The gate gets the signature's headers and the address that Traefik saw, and no other header", async () => {
  const seen: Headers[] = [];
  const { handler } = receiver(gateOf((request) => {
    seen.push(request.headers);
    const headers = { "mypaas-proof": "p", "mypaas-version": "7.0.0", "set-cookie": "a=b", "content-type": "text/x" };
    return new Response("{}", { headers });
  }));
  const response = await handler(get("/v1/services?all=1", {
    "authorization": "secret",
    "cookie": "secret",
    "mypaas-client-address": "198.51.100.66",
    "mypaas-server": "id",
    "mypaas-version": "6.0.0",
    "signature": "sig",
    "x-forwarded-for": "198.51.100.9, 203.0.113.7",
  }));
  assertEquals(Object.fromEntries(seen[0] ?? []), {
    "mypaas-client-address": "203.0.113.7",
    "mypaas-server": "id",
    "mypaas-version": "6.0.0",
    "signature": "sig",
  });
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/x",
    "mypaas-proof": "p",
    "mypaas-version": "7.0.0",
  });
});

Deno.test("An address that is none is not passed on", async () => {
  const seen: (string | null)[] = [];
  const { handler } = receiver(gateOf((request) => {
    seen.push(request.headers.get("mypaas-client-address"));
    return new Response();
  }));
  await handler(get("/v1/services", { "x-forwarded-for": "a b" }));
  await handler(get("/v1/services", { "mypaas-client-address": "203.0.113.7" }));
  assertEquals(seen, ["unknown", "unknown"]);
});

Deno.test("A relayed request and its answer are proved end to end, and come as they are sent", async () => {
  const gate = await MemoryGate.make((call) =>
    call.signed(jsonAnswer({ where: call.where, body: new TextDecoder().decode(call.body) }))
  );
  const body = new TextEncoder().encode("{}");
  const answer = await laptop(gate, receiver(gate).handler).json("POST", "/v1/invites", {
    body,
    parse: (json) => json,
  });
  assertEquals(answer, { where: "POST /v1/invites", body: "{}" });
  assertEquals(gate.seen, ["POST /v1/invites"]);
});

Deno.test("Lines of an answer pass one by one while the daemon still writes", async () => {
  const lines = new TransformStream<Uint8Array, Uint8Array>();
  const writer = lines.writable.getWriter();
  const { handler } = receiver(gateOf(() => new Response(lines.readable)));
  const reader = (await handler(get("/v1/deploys/blog.7/events?after=0"))).body?.getReader();
  for (const text of ["one\n", "two\n"]) {
    const written = writer.write(new TextEncoder().encode(text));
    assertEquals(new TextDecoder().decode((await reader?.read())?.value), text);
    await written;
  }
  await reader?.cancel();
});

Deno.test("A client that goes away ends the request at the gate", async () => {
  const gone = Promise.withResolvers<void>();
  const { handler } = receiver(gateOf((request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    return new Response(new ReadableStream());
  }));
  const client = new AbortController();
  await handler(new Request("http://x/v1/services/blog/logs?follow=1", { signal: client.signal }));
  client.abort();
  await within(gone.promise, { what: "the gate's request ends", timeoutMs: 2000 });
});

Deno.test("What is not the protocol is not found, the gate's own question included", async () => {
  const { handler } = receiver(gateOf(() => Promise.reject(new Error("must not be asked"))));
  for (const path of ["/", "/v2/hello", "/v1/verify", "/v1", "//evil.example/v1/x"]) {
    const response = await handler(get(path));
    assertEquals(response.status, 404, path);
    assertStringIncludes((await response.json()).error.message, "Cannot find");
  }
});

Deno.test("A daemon that is away is a sentence", async () => {
  const { handler } = receiver(gateOf(() => Promise.reject(new TypeError("connection refused"))));
  const response = await handler(get("/v1/services"));
  assertEquals(response.status, 503);
  const { error } = await response.json();
  assertEquals(error.message, "Cannot pass the request on: the daemon of this server does not answer");
  assert(!JSON.stringify(error).includes("refused"));
});

Deno.test("Long headers and long bodies are refused, told by their length or not", async () => {
  const gate = gateOf(async (request) => new Response(await request.arrayBuffer()));
  const { handler } = receiver(gate);
  const headers = await handler(get("/v1/services", { signature: "x".repeat(20_000) }));
  assertEquals(headers.status, 431);
  const part = new Uint8Array(1 << 20);
  const streamed = await handler(
    new Request("http://x/v1/login", { method: "POST", body: ReadableStream.from([part, part, part, part, part]) }),
  );
  assertEquals(streamed.status, 413);
  assertStringIncludes((await streamed.json()).error.message, "longer than 65536 bytes");
  const told = new Request("http://x/v1/login", {
    method: "POST",
    headers: { "content-length": "4194305" },
    body: ReadableStream.from([part]),
  });
  assertEquals((await handler(told)).status, 413);
});

Deno.test("An address has only its share of requests until their answers are read or given up", async () => {
  const { handler } = receiver(gateOf(() => new Response(new ReadableStream())), {
    requests: 3,
    requestsPerAddress: 2,
  });
  const ask = (address: string) => handler(get("/v1/services", { "x-forwarded-for": address }));
  const [first] = [await ask("203.0.113.7"), await ask("203.0.113.7")];
  const refused = await ask("203.0.113.7");
  assertEquals(refused.status, 429);
  assertStringIncludes((await refused.json()).error.message, "too many are under way");
  assertEquals((await ask("203.0.113.8")).status, 200);
  assertEquals((await ask("203.0.113.9")).status, 429);
  await first?.body?.cancel();
  assertEquals((await ask("203.0.113.9")).status, 200);
});

Deno.test("Requests that are over free their places", async () => {
  const { handler } = receiver(gateOf(() => new Response(null, { status: 204 })), { requests: 1 });
  for (let i = 0; i < 5; i++) assertEquals((await handler(get("/v1/services"))).status, 204);
  for (let i = 0; i < 5; i++) assertEquals((await (await handler(get("/v1/hello"))).json()).version, "0.1.0");
});

Deno.test("Over a real socket a refused upload is answered with its reason, not with a broken pipe", async () => {
  const gate = await MemoryGate.make(() => new Response());
  const { handler } = receiver(gate);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  const send = (path: string, init: RequestInit) => fetch(`http://127.0.0.1:${server.addr.port}${path}`, init);
  const transport = { name: "the test", send, close() {} };
  const noise = () => crypto.getRandomValues(new Uint8Array(65536));
  const stranger = new Connection(transport, (await MemoryGate.make(() => new Response())).trust, () => new Date());
  const many = () => frames(...Array.from({ length: 64 }, noise));
  for (let i = 0; i < 5; i++) {
    const signal = AbortSignal.timeout(10_000);
    await assertRejects(() => stranger.putBlobs("blog", many(), signal), AuthError, "not known to this server");
  }
  const friend = new Connection(transport, gate.trust, () => new Date());
  assertEquals(await friend.putBlobs("blog", many(), AbortSignal.timeout(10_000)), parseBlobsAnswer({ stored: 64 }));
  const wrong = encodeFrame(noise(), { digest: "0".repeat(64), compress: zstdCompress });
  const body = ReadableStream.from([wrong, ...Array.from({ length: 64 }, noise)]);
  await assertRejects(
    () => friend.putBlobs("blog", body, AbortSignal.timeout(10_000)),
    MyPaasError,
    "its content has another SHA-256",
  );
});
