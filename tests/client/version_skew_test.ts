import { assertEquals, assertRejects } from "@std/assert";
import { Connection } from "../../src/client/connection.ts";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { receiverHandler } from "../../src/receiver/receiver_handler.ts";
import { parseServices } from "../../src/wire/answer_schemas.ts";
import { errorAnswer, jsonAnswer, toResponse } from "../../src/wire/error_body.ts";
import { VERSION, VERSION_HEADER } from "../../src/wire/version.ts";
import { BenchDaemon } from "../daemon/bench_daemon.ts";
import { HandlerTransport, type TestHandler } from "../fakes/handler_transport.ts";

const AT = { time: "2026-11-22T10:00:00.000Z" };
const OLDER = "0.0.1";
const UPGRADE_SERVER =
  `The client is mypaas ${VERSION}, the server ${OLDER}: upgrade the server, there: mypaas upgrade.`;

function to(handler: TestHandler): Connection {
  return new Connection(new HandlerTransport(handler), { kind: "unsigned" }, () => new Date());
}

/** A server of another version. */
function answering(answer: Response, version = OLDER): Connection {
  answer.headers.set(VERSION_HEADER, version);
  return to(() => answer);
}

function services(connection: Connection): Promise<unknown> {
  return connection.json("GET", "/v1/services", { parse: parseServices });
}

Deno.test("a request that an older server does not know: the error says both versions and which side to upgrade", async () => {
  const unknown = new UsageError("Cannot answer POST /v1/moon: this server does not know it", { skew: true });
  const error = await assertRejects(() => services(answering(toResponse(errorAnswer(unknown)))), UsageError);
  assertEquals([error.message, error.hint], [unknown.message, UPGRADE_SERVER]);
});

Deno.test("an answer that this client does not understand: it says that the client is to be upgraded", async () => {
  const connection = answering(toResponse(jsonAnswer([{ service: 7 }])), "99.0.0");
  const error = await assertRejects(() => services(connection), MyPaasError, "Cannot read the answer of the server");
  assertEquals(
    error.hint,
    `The client is mypaas ${VERSION}, the server 99.0.0: upgrade the client, mypaas upgrade.`,
  );
});

Deno.test("nothing is said about versions where they are the same, unknown, or not the reason", async () => {
  const skewed = errorAnswer(new UsageError("Cannot answer", { skew: true, hint: "as it was" }));
  for (const version of [VERSION, "\tnonsense"]) {
    const error = await assertRejects(() => services(answering(toResponse(skewed), version)), UsageError);
    assertEquals(error.hint, "as it was");
  }
  const refused = errorAnswer(new UsageError("Cannot scale", { hint: "as it was" }));
  const error = await assertRejects(() => services(answering(toResponse(refused))), UsageError);
  assertEquals(error.hint, "as it was");
});

Deno.test("events() leaves out kinds of events that this version has not heard of", async () => {
  const lines = [
    { seq: 1, ...AT, kind: "accepted", deploy: "blog.7", service: "blog", release: 7 },
    { seq: 2, ...AT, kind: "of-the-future", moon: true },
    { seq: 3, ...AT, kind: "live", service: "blog", release: 7, urls: [], seconds: 1, alreadyLive: false },
  ];
  const connection = answering(new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
  const events = await Array.fromAsync(await connection.events("POST", "/v1/deploy?service=blog", {}));
  assertEquals(events.map(({ kind }) => kind), ["accepted", "live"]);
});

Deno.test("versions travel both ways through the receiver, and what is no version is not repeated", async () => {
  await using daemon = await BenchDaemon.start();
  const receiver = receiverHandler({
    gate: { send: (path, init) => daemon.gate(new Request(`http://daemon${path}`, init)) },
    uploads: () => Promise.reject(new Error("no uploads here")),
    putBytes: 1,
    serverId: daemon.serverId,
    version: "0.0.2",
    now: () => new Date(),
    limits: { requests: 9, requestsPerAddress: 9, headerBytes: 9999, bodyMs: 9999 },
  });
  const ask = (path: string, version: string) =>
    receiver(new Request(`http://paas.example${path}`, { headers: { [VERSION_HEADER]: version } }));
  const unknown = await ask("/v1/moon", "99.0.0");
  assertEquals(unknown.headers.get(VERSION_HEADER), "0.1.0");
  const { error } = await unknown.json();
  assertEquals(error.hint, "The client is mypaas 99.0.0, the server 0.1.0: upgrade the server, there: mypaas upgrade.");
  assertEquals(error.skew, true);
  assertEquals(
    (await (await ask("/v1/moon", "<b>9</b>")).json()).error.hint,
    "Compare the versions: mypaas version --server NAME.",
  );
  const own = await ask("/v2/moon", "99.0.0");
  assertEquals([own.status, own.headers.get(VERSION_HEADER)], [404, "0.0.2"]);
  assertEquals((await own.json()).error.skew, true);
});
