import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EngineError } from "../../src/docker/engine_error.ts";
import { hijack, type HijackedStream } from "../../src/docker/hijack.ts";

/** An Engine of one connection: it gets the whole request, then does what the test says. */
async function withEngine(
  serve: (connection: Deno.UnixConn, request: string) => Promise<void>,
  use: (open: () => Promise<HijackedStream>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-hijack-" });
  const socket = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path: socket });
  const served = (async () => {
    using connection = await listener.accept();
    let request = "";
    const buffer = new Uint8Array(4096);
    while (!/\r\n\r\n\{.*\}$/s.test(request)) {
      request += new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
    }
    await serve(connection, request);
  })();
  try {
    const api = () => Promise.resolve({ version: "1.41", minor: 41, engineMax: "1.41", engine: "20.10" });
    const call = { action: 'run a command in "blog.7.1"', path: "/exec/ab/start", body: { Tty: false } };
    await use(() => hijack({ socket, api }, call));
    await served;
  } finally {
    listener.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const SWITCHED = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nUpgrade: tcp\r\n\r\n";

async function send(connection: Deno.UnixConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

async function textOf({ bytes }: Pick<HijackedStream, "bytes">): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** What is thrown when the Engine answers with this and closes. */
async function refusal(...parts: readonly string[]): Promise<EngineError> {
  let error: EngineError | undefined;
  await withEngine(async (connection) => {
    for (const part of parts) await send(connection, part);
  }, async (open) => {
    error = await assertRejects(open, EngineError);
  });
  if (error === undefined) throw new Error("nothing was thrown");
  return error;
}

Deno.test("hijack() asks for the upgrade under the agreed version, with a body of known length", async () => {
  await withEngine(async (connection, request) => {
    assertEquals(request.split("\r\n"), [
      "POST /v1.41/exec/ab/start HTTP/1.1",
      "Host: docker",
      "Connection: Upgrade",
      "Upgrade: tcp",
      "Content-Type: application/json",
      "Content-Length: 13",
      "",
      '{"Tty":false}',
    ]);
    await send(connection, SWITCHED);
  }, async (open) => {
    const stream = await open();
    assertEquals(await textOf(stream), "");
    stream.close();
    stream.close();
  });
});

Deno.test("hijack() keeps what comes in the same read as the head, and reads a head in pieces", async () => {
  for (const pieces of [[`${SWITCHED}early `, "late"], [...SWITCHED].concat("early late")]) {
    await withEngine(async (connection) => {
      for (const piece of pieces) await send(connection, piece);
    }, async (open) => {
      const stream = await open();
      assertEquals(await textOf(stream), "early late");
      stream.close();
    });
  }
});

Deno.test("hijack() reads on behind its end of input", async () => {
  await withEngine(async (connection) => {
    await send(connection, SWITCHED);
    const buffer = new Uint8Array(100);
    let got = "";
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      got += new TextDecoder().decode(buffer.subarray(0, count));
    }
    await send(connection, `got ${got}`);
  }, async (open) => {
    const stream = await open();
    await stream.write(new TextEncoder().encode("hi"));
    await stream.endInput();
    assertEquals(await textOf(stream), "got hi");
    stream.close();
  });
});

Deno.test("hijack() says what Docker refused, in Docker's words", async () => {
  const body = '{"message":"Container ab is not running"}';
  const head = `HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const conflict = await refusal(head, body);
  assertEquals([conflict.status, conflict.message], [
    409,
    'Cannot run a command in "blog.7.1": Container ab is not running',
  ]);
  const gone = await refusal("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n");
  assertEquals([gone.status, gone.reason], [404, "not here"]);
  const bare = await refusal("HTTP/1.1 500 Oops\r\n\r\n");
  assertEquals([bare.status, bare.reason], [500, "it answered 500"]);
});

Deno.test("hijack() says so when the connection is cut before an answer, or the answer is none", async () => {
  for (const parts of [[], ["HTTP/1.1 101 UPGR"], ["SSH-2.0-OpenSSH\r\n\r\n"], ["x".repeat(70_000)]]) {
    const error = await refusal(...parts);
    assertEquals(error.status, 0);
    assertStringIncludes(error.message, 'Cannot run a command in "blog.7.1": ');
  }
});

Deno.test("hijack() says so when nothing listens", async () => {
  const socket = "/tmp/mypaas-there-is-none.sock";
  const api = () => Promise.resolve({ version: "1.41", minor: 41, engineMax: "1.41", engine: "20.10" });
  const error = await assertRejects(() => hijack({ socket, api }, { action: "attach", path: "/x" }), EngineError);
  assertEquals([error.status, error.reason], [0, `nothing answers at "${socket}"`]);
});
