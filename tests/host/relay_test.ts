import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { relay } from "../../src/host/relay.ts";
import { type Handler } from "../../src/host/serve_tcp.ts";
import { serveUnix } from "../../src/host/serve_unix.ts";
import { RELAY_HELLO } from "../../src/wire/caller.ts";
import { tempFolder } from "./temp_folder.ts";

/** A relay to a daemon, and the socket that a client's fetch is joined to it by, as `SshProcess` does. */
async function relayed(handler: Handler) {
  const folder = await tempFolder();
  const daemonSocket = `${folder.path}/daemon.sock`;
  const daemon = await serveUnix(
    { path: daemonSocket, mode: 0o600 },
    (request) => new URL(request.url).pathname === "/v1/hello" ? new Response("hello") : handler(request),
  );
  const [up, down] = [new TransformStream<Uint8Array<ArrayBuffer>>(), new TransformStream<Uint8Array<ArrayBuffer>>()];
  const ended = relay({ daemonSocket, user: "ann", address: "10.0.0.9", input: up.readable, output: down.writable });
  const reader = down.readable.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), RELAY_HELLO);
  reader.releaseLock();
  const path = `${folder.path}/client.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const joined = listener.accept().then(async (connection) => {
    listener.close();
    await Promise.allSettled([connection.readable.pipeTo(up.writable), down.readable.pipeTo(connection.writable)]);
  });
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path }, http1: false });
  return {
    daemon,
    fetch: (path: string, init: RequestInit = {}) => fetch(`http://daemon${path}`, { ...init, client }),
    async [Symbol.asyncDispose]() {
      client.close();
      await joined;
      await ended;
      await daemon.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("relay() hands requests on with body and query, and says itself who they are from", async () => {
  await using scene = await relayed(async (request) => {
    const { pathname, search } = new URL(request.url);
    const names = ["mypaas-ssh-user", "mypaas-client-address", "mypaas-version", "content-type"];
    const headers = names.map((name) => request.headers.get(name));
    return Response.json([request.method, pathname + search, headers, await request.text()], { status: 418 });
  });
  const headers = {
    "mypaas-ssh-user": "root",
    "mypaas-client-address": "1.1.1.1",
    "mypaas-version": "1.2.3",
    "content-type": "a/b",
  };
  const answer = await scene.fetch("/v1/x?a=%20b", { method: "POST", headers, body: "body" });
  assertEquals(answer.status, 418);
  assertEquals(await answer.json(), ["POST", "/v1/x?a=%20b", ["ann", "10.0.0.9", "1.2.3", "a/b"], "body"]);
});

Deno.test("relay() streams many requests at once, in both directions, over the one connection", async () => {
  const MB = 1 << 20;
  await using scene = await relayed(async (request) => {
    if (request.method === "GET") return new Response(request.body ?? ReadableStream.from(forever(request.signal)));
    let bytes = 0;
    for await (const part of request.body ?? []) bytes += part.length;
    return Response.json(bytes);
  });
  // Never read to its end, and in nobody's way.
  const following = await scene.fetch("/v1/logs");
  const lines = following.body?.getReader();
  await lines?.read();
  const uploads = [8, 3, 5].map(async (count) => {
    const body = ReadableStream.from(Array.from({ length: count }, () => new Uint8Array(MB)));
    return await (await scene.fetch("/v1/blobs", { method: "PUT", body })).json();
  });
  assertEquals(await Promise.all(uploads), [8 * MB, 3 * MB, 5 * MB]);
  await lines?.read();
  await lines?.cancel();
});

async function* forever(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!signal.aborted) yield new TextEncoder().encode(`${"line ".repeat(100)}\n`);
}

Deno.test("relay() answers 503 while the daemon is away, and goes on with the next", async () => {
  await using scene = await relayed(() => new Response("here"));
  await scene.daemon.close();
  const away = await scene.fetch("/v1/x");
  assertEquals([away.status, (await away.json()).error.kind], [503, "failed"]);
});

Deno.test("relay() does not begin where there is no daemon", async () => {
  const none = new TransformStream<Uint8Array<ArrayBuffer>>();
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>();
  const options = {
    daemonSocket: "/nowhere/daemon.sock",
    user: "root",
    address: "unknown",
    input,
    output: none.writable,
  };
  await assertRejects(() => relay(options), MyPaasError, 'Cannot reach the daemon: there is no "/nowhere/daemon.sock"');
});
