import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createSocket } from "node:dgram";
import { waitUntil, within } from "../../src/wait.ts";
import { freePorts } from "./free_ports.ts";
import { sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

/** What comes back when a text is sent to a port of this machine over TCP; undefined when nothing accepts. */
async function overTcp(port: number, text: string): Promise<string | undefined> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(text));
    const buffer = new Uint8Array(100);
    const count = await within(connection.read(buffer), { what: "TCP is answered", timeoutMs: 2000 });
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  } catch {
    return undefined;
  }
}

/** The same over UDP; undefined when nothing comes back within half a second. */
async function overUdp(port: number, text: string): Promise<string | undefined> {
  const socket = createSocket("udp4");
  try {
    const answer = new Promise<string>((resolve, reject) => {
      socket.on("message", (message) => resolve(new TextDecoder().decode(message))).on("error", reject);
      socket.send(text, port, "127.0.0.1");
    });
    return await within(answer, { what: "UDP is answered", timeoutMs: 500 });
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

function echo(name: string, publish: readonly string[], text = "") {
  return { name, options: { publish }, app: { ECHO: "7", TEXT: text } };
}

Deno.test("a published TCP and a published UDP port answer on the server, after a redeploy too", async () => {
  const [tcp, udp] = freePorts();
  for (const release of ["first", "second"]) {
    succeeded(await server().push(echo("both", [`${tcp}:7`, `${udp}:7/udp`], release)));
    assertEquals(await overTcp(tcp, release), release);
    assertEquals(await waitUntil(() => overUdp(udp, release), { what: "UDP is answered", timeoutMs: 5000 }), release);
    // Each protocol by itself.
    assertEquals(await overTcp(udp, release), undefined);
    assertEquals(await overUdp(tcp, release), undefined);
  }
});

Deno.test("a published port that another service has, or the server itself, is refused with its name", async () => {
  const [port] = freePorts();
  succeeded(await server().push(echo("holder", [`${port}:7`])));
  const taken = await server().push(echo("taker", [`${port}:7`]));
  assertEquals(taken.code, 1, taken.stderr);
  assertStringIncludes(taken.stderr, `Cannot publish port ${port} for "taker": "holder" has it`);
  const own = await server().push(echo("taker", [`${server().httpPort}:7`]));
  assertEquals(own.code, 2, own.stderr);
  assertStringIncludes(own.stderr, "it is the server's own");
  assertEquals(await overTcp(port, "still"), "still");
});

Deno.test("a published port that another program of the server has is a sentence, and the old release goes on", async () => {
  const [free, taken] = freePorts();
  succeeded(await server().push(echo("moving", [`${free}:7`])));
  using _listener = Deno.listen({ hostname: "0.0.0.0", port: taken });
  const ran = await server().push(echo("moving", [`${taken}:7`]));
  assertEquals(ran.code, 5, ran.stderr);
  assertMatch(ran.stderr, new RegExp(`^error: .*${taken}.*(in use|allocated)`, "m"));
  assertEquals(await overTcp(free, "old"), "old");
});

Deno.test("publish with scale above 0 is refused before anything is sent", async () => {
  const ran = await server().push({ ...echo("scaled", ["7000:7"]), options: { publish: "7000:7", scale: 2 } });
  assertEquals(ran.code, 2, ran.stderr);
  assertStringIncludes(ran.stderr, "one port of the server cannot lead to an old and a new container at once");
});
