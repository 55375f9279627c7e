import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { serveTcp } from "../../src/host/serve_tcp.ts";
import { serveUnix } from "../../src/host/serve_unix.ts";
import { unixTransport } from "../../src/host/unix_transport.ts";
import { within } from "../../src/wait.ts";
import { startChild } from "./child.ts";
import { tempFolder } from "./temp_folder.ts";

/** A body that never ends by itself. */
function unending(): Response {
  return new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("first\n")) }),
  );
}

async function ask(path: string): Promise<string> {
  const transport = unixTransport(path);
  try {
    return await (await transport.send("/v1/hello", { method: "GET" })).text();
  } finally {
    transport.close();
  }
}

Deno.test("serveUnix() serves on a socket with the given mode and removes it at the end", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.sock`;
  const server = await serveUnix({ path, mode: 0o660 }, (request) => new Response(new URL(request.url).pathname));
  const info = await Deno.lstat(path);
  assertEquals([info.isSocket, (info.mode ?? 0) & 0o777], [true, 0o660]);
  assertEquals(await ask(path), "/v1/hello");
  await server.close();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test("serveUnix() takes the place of a socket that a killed process left", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.sock`;
  {
    await using _child = await startChild(`
      Deno.serve({ path: ${JSON.stringify(path)}, onListen: () => console.log("here") }, () => new Response("old"));
    `);
  }
  assert((await Deno.lstat(path)).isSocket);
  const server = await serveUnix({ path, mode: 0o600 }, () => new Response("new"));
  assertEquals(await ask(path), "new");
  await server.close();
});

Deno.test("close() of a server ends streams that never end", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/daemon.sock`;
  const server = await serveUnix({ path, mode: 0o600 }, unending);
  const transport = unixTransport(path);
  const response = await transport.send("/v1/logs", { method: "GET" });
  const reader = response.body?.getReader();
  await reader?.read();
  await within(server.close(), { what: "the server ends", timeoutMs: 3000 });
  await reader?.read().catch(() => {});
  await reader?.cancel().catch(() => {});
  transport.close();
});

Deno.test("serveUnix() says in a sentence why it cannot listen", async () => {
  await using folder = await tempFolder();
  const handler = () => new Response();
  const long = `${folder.path}/${"x".repeat(108 - folder.path.length - 1)}`;
  assertEquals(long.length, 108);
  await assertRejects(
    () => serveUnix({ path: long, mode: 0o600 }, handler),
    UsageError,
    "a socket path has at most 107 bytes, this one 108",
  );
  const server = await serveUnix({ path: long.slice(0, 107), mode: 0o600 }, handler);
  await server.close();
  await assertRejects(
    () => serveUnix({ path: `${folder.path}/none/a.sock`, mode: 0o600 }, handler),
    MyPaasError,
    `there is no folder "${folder.path}/none"`,
  );
});

Deno.test("serveTcp() serves on a port and says when it is taken", async () => {
  const server = serveTcp({ hostname: "127.0.0.1", port: 0 }, () => new Response("here"));
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assertEquals(await response.text(), "here");
  assertThrows(
    () => serveTcp({ hostname: "127.0.0.1", port: server.port }, () => new Response()),
    MyPaasError,
    "the port is taken",
  );
  await server.close();
});
