import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { httpStatus } from "../../src/host/probes.ts";
import { waitUntil, within } from "../../src/wait.ts";

const NEVER = new AbortController().signal;

function probe(port: number, timeoutMs = 5000, signal = NEVER): Promise<number | undefined> {
  return httpStatus({ address: "127.0.0.1", port, host: "web.example", path: "/health?x=1" }, timeoutMs, signal);
}

/** Accepts connections, hands each to `serve` and closes them all at the end. */
function listen(serve: (connection: Deno.TcpConn) => Promise<void>): AsyncDisposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      serve(connection).catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of open) connection.close();
    },
  };
}

function answering(text: string): (connection: Deno.TcpConn) => Promise<void> {
  return async (connection) => {
    await connection.read(new Uint8Array(1000));
    await connection.write(new TextEncoder().encode(text));
  };
}

Deno.test("httpStatus() sends one plain request and tells the status", async () => {
  const requests: string[] = [];
  await using server = listen(async (connection) => {
    const buffer = new Uint8Array(1000);
    const count = await connection.read(buffer);
    requests.push(new TextDecoder().decode(buffer.subarray(0, count ?? 0)));
    await connection.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
  });
  assertEquals(await probe(server.port), 204);
  const lines = requests.join("").split("\r\n");
  assertEquals(lines.slice(0, 3), ["GET /health?x=1 HTTP/1.1", "Host: web.example", "User-Agent: mypaas"]);
  assert(lines.includes("Connection: close"));
});

Deno.test("httpStatus() needs no more than the status line, whatever comes after it", async () => {
  await using unending = listen(answering("HTTP/1.0 503 Busy\r\nX: "));
  assertEquals(await probe(unending.port), 503);
  const real = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("x".repeat(100_000)));
  assertEquals(await probe(real.addr.port), 200);
  await real.shutdown();
});

Deno.test("httpStatus() takes nothing but HTTP for an answer", async () => {
  for (const text of ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 999 No\r\n", "HTTP/1.1 20", "x".repeat(5000)]) {
    await using server = listen(async (connection) => {
      await answering(text)(connection);
      await connection.closeWrite();
    });
    assertEquals(await probe(server.port), undefined, text.slice(0, 20));
  }
});

Deno.test("httpStatus() gives undefined when nothing accepts", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assertEquals(await probe(port), undefined);
});

Deno.test("httpStatus() closes its connection when no answer comes in time, or at an abort", async () => {
  let closed = 0;
  let opened = 0;
  await using server = listen(async (connection) => {
    opened++;
    const buffer = new Uint8Array(1000);
    while (await connection.read(buffer) !== null);
    closed++;
  });
  const began = performance.now();
  assertEquals(await probe(server.port, 100), undefined);
  assertLess(performance.now() - began, 2000);

  const abort = new AbortController();
  const probing = probe(server.port, 60_000, abort.signal);
  await waitUntil(() => opened === 2, { what: "the second connection", timeoutMs: 5000, intervalMs: 5 });
  abort.abort();
  assertEquals(await within(probing, { what: "the probe ends", timeoutMs: 2000 }), undefined);
  await waitUntil(() => closed === 2, { what: "both connections are closed", timeoutMs: 5000, intervalMs: 5 });
  assertEquals(await probe(server.port, 1000, AbortSignal.abort()), undefined);
});

Deno.test("httpStatus() gives up a connection that is not accepted", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  // What nobody accepts fills the queue; from then on the kernel does not answer.
  for (let i = 0; i < 4; i++) assertEquals(await probe(listener.addr.port, 100), undefined);
  await assertRejects(() => Deno.connect({ port: listener.addr.port, signal: AbortSignal.timeout(100) }), Error);
  listener.close();
});
