import { assertEquals, assertRejects } from "@std/assert";
import { generateKey } from "../../src/auth/keys.ts";
import { BrokenConnection, Connection } from "../../src/client/connection.ts";
import { AuthError, BuildError, MyPaasError, UsageError } from "../../src/error.ts";
import { errorAnswer, jsonAnswer, toResponse } from "../../src/wire/error_body.ts";
import { HandlerTransport, type TestHandler } from "../fakes/handler_transport.ts";
import { type GateCall, MemoryGate } from "../fakes/memory_gate.ts";

const AT = { time: "2026-11-22T10:00:00.000Z" };
const ACCEPTED = { seq: 1, ...AT, kind: "accepted", deploy: "blog.7", service: "blog", release: 7 };
const LIVE = { seq: 2, ...AT, kind: "live", service: "blog", release: 7, urls: [], seconds: 1, alreadyLive: false };

/** A signed connection to a daemon that answers with a script; `tamper` stands in between. */
async function connected(
  answer: (call: GateCall) => Promise<Response> | Response,
  tamper: (response: Response) => Promise<Response> | Response = (response) => response,
): Promise<Connection> {
  const gate = await MemoryGate.make(answer);
  const handler: TestHandler = async (request) => {
    const { pathname, search } = new URL(request.url);
    return await tamper(await gate.send(pathname + search, request));
  };
  return new Connection(new HandlerTransport(handler), gate.trust, () => new Date());
}

function unsigned(handler: TestHandler): Connection {
  return new Connection(new HandlerTransport(handler), { kind: "unsigned" }, () => new Date());
}

function ask(connection: Connection): Promise<unknown> {
  return connection.json("GET", "/v1/services?all=1", { parse: (json) => json });
}

async function kinds(connection: Connection): Promise<readonly string[]> {
  const kinds: string[] = [];
  for await (const event of await connection.events("GET", "/v1/deploys/blog.7/events?after=0", {})) {
    kinds.push(event.kind);
  }
  return kinds;
}

Deno.test("json() signs the request and takes an answer that the daemon signed", async () => {
  const connection = await connected((call) => call.signed(jsonAnswer({ where: call.where })));
  assertEquals(await ask(connection), { where: "GET /v1/services" });
});

Deno.test("json() signs that a request has no body", async () => {
  const connection = await connected((call) => call.signed(jsonAnswer({ where: call.where, bytes: call.body.length })));
  const parse = (json: unknown) => json;
  assertEquals(await connection.json("DELETE", "/v1/services/blog", { parse }), {
    where: "DELETE /v1/services/blog",
    bytes: 0,
  });
});

Deno.test("json() refuses an answer without a proof, with one byte changed, and of another request", async () => {
  await assertRejects(() => connected(() => Response.json({})).then(ask), MyPaasError, "result not proved");
  const changed = await connected(
    (call) => call.signed(jsonAnswer({ live: 7 })),
    async (response) => new Response((await response.text()).replace("7", "8"), response),
  );
  await assertRejects(() => ask(changed), MyPaasError, "result not proved");
  let first: Response | undefined;
  const replayed = await connected(
    (call) => call.signed(jsonAnswer({ live: 7 })),
    (response) => (first ??= response.clone()).clone(),
  );
  await ask(replayed);
  await assertRejects(() => ask(replayed), MyPaasError, "result not proved");
});

Deno.test("json() refuses an answer that another daemon signed", async () => {
  const gate = await MemoryGate.make((call) => call.signed(jsonAnswer({})));
  const trust = { ...gate.trust, daemonKey: (await generateKey()).publicKey };
  const connection = new Connection(new HandlerTransport((r) => gate.send("/v1/services", r)), trust, () => new Date());
  await assertRejects(
    () => connection.json("GET", "/v1/services", { parse: (json) => json }),
    MyPaasError,
    "result not proved",
  );
});

Deno.test("json() takes what the receiver makes without a proof", async () => {
  const connection = await connected(() => Response.json({ missing: [] }));
  const answer = await connection.json("GET", "/v1/missing", { parse: (json) => json, from: "receiver" });
  assertEquals(answer, { missing: [] });
});

Deno.test("json() neither signs nor asks for a proof over the daemon's own socket", async () => {
  const connection = unsigned((request) => Response.json([...request.headers.keys()]));
  assertEquals(await ask(connection), ["mypaas-version"]);
});

Deno.test("json() throws what the server refused, of its kind, signed or made by the receiver", async () => {
  const refusal = new UsageError("Cannot read it: no", { hint: "Try.", details: ["a"] });
  const signed = await connected((call) => call.signed(errorAnswer(refusal)));
  const error = await assertRejects(() => ask(signed), UsageError, "Cannot read it: no");
  assertEquals([error.hint, error.details], ["Try.", ["a"]]);
  const relayed = await connected(() => toResponse(errorAnswer(new AuthError("Cannot: who?"))));
  await assertRejects(() => ask(relayed), AuthError, "Cannot: who?");
  const forged = await connected(() => toResponse(errorAnswer(refusal), { "mypaas-proof": "x" }));
  await assertRejects(() => ask(forged), MyPaasError, "result not proved");
});

const BUSY = new MyPaasError("Cannot take the request: too many are under way");

Deno.test("json() names a proxy's page for what it is, and a server that is away as broken", async () => {
  const page = await connected(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
  await assertRejects(() => ask(page), MyPaasError, "status 200 with text/html, not from MyPaas");
  const away = await connected(() => toResponse(errorAnswer(new MyPaasError("Cannot pass on"), 503)));
  await assertRejects(() => ask(away), BrokenConnection, "Cannot pass on");
});

Deno.test("json() calls it broken, and not refused, when too many requests came: a push goes on by itself", async () => {
  for (const answer of [new Response("Too Many Requests", { status: 429 }), toResponse(errorAnswer(BUSY, 429))]) {
    const busy = await connected(() => answer);
    const error = await assertRejects(() => ask(busy), BrokenConnection, "too many");
    assertEquals(error.cutOff, true, "also before the server has answered anything else");
  }
});

Deno.test("json() calls a transport's failure broken, but not what says who may ask", async () => {
  const refused = new MyPaasError("Cannot reach https://paas.example: refused", { hint: "Check." });
  const error = await assertRejects(() => ask(unsigned(() => Promise.reject(refused))), BrokenConnection, "refused");
  assertEquals(error.hint, "Check.");
  const wrong = new AuthError("Cannot trust https://paas.example: wrong certificate");
  await assertRejects(() => ask(unsigned(() => Promise.reject(wrong))), AuthError);
  await assertRejects(
    () => ask(unsigned(() => Promise.reject(new TypeError("connection reset")))),
    BrokenConnection,
    "Cannot reach https://paas.example: connection reset",
  );
});

Deno.test("an answer that is cut off is broken; what will not be otherwise the next time is not", async () => {
  const cut = () => new Response(new ReadableStream({ pull: () => Promise.reject(new TypeError("error reading")) }));
  const sentence = "Cannot reach https://paas.example: the connection broke off in its answer";
  await assertRejects(() => ask(unsigned(cut)), BrokenConnection, sentence);
  const lines = await unsigned(cut).events("GET", "/v1/deploys/a.1/events", {});
  await assertRejects(() => lines.next(), BrokenConnection, sentence);
  const final = new MyPaasError("Cannot reach it: it does not speak TLS", { skew: true });
  const error = await assertRejects(() => ask(unsigned(() => Promise.reject(final))), MyPaasError);
  assertEquals(error, final);
});

Deno.test("lines() names a page in the place of lines for what it is", async () => {
  const body = "<html><title>Log in first</title>";
  const page = () => new Response(body, { headers: { "content-type": "text/html" } });
  const asked = () => unsigned(page).events("GET", "/v1/deploys/a.1/events", {});
  const error = await assertRejects(asked, MyPaasError, 'status 200 with text/html "Log in first", not from MyPaas');
  assertEquals(error instanceof BrokenConnection, false);
});

Deno.test("json() ends with the reason of who aborted it", async () => {
  const stop = new AbortController();
  const connection = unsigned((request) =>
    new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new TypeError("cut"))))
  );
  const asked = connection.json("GET", "/v1/services", { parse: (json) => json, signal: stop.signal });
  stop.abort(new MyPaasError("Cannot go on: interrupted"));
  await assertRejects(() => asked, MyPaasError, "interrupted");
});

Deno.test("events() gives each event and checks the proof of the end", async () => {
  assertEquals(await kinds(await connected((call) => call.lines([ACCEPTED, LIVE]))), ["accepted", "live"]);
});

Deno.test("events() refuses an end that is not signed, that is forged, and that is of another request", async () => {
  const bare = await connected((call) => call.lines([ACCEPTED, LIVE], false));
  await assertRejects(() => kinds(bare), MyPaasError, "result not proved");
  const failed = { seq: 2, ...AT, kind: "failed", deploy: "blog.7", error: { kind: "build", message: "Cannot build" } };
  const forged = await connected(
    (call) => call.lines([ACCEPTED, failed]),
    async (response) => {
      const proof = /"proof":"([^"]+)"/.exec(await response.text())?.[1];
      return new Response(`${JSON.stringify(ACCEPTED)}\n${JSON.stringify({ ...LIVE, proof })}\n`);
    },
  );
  await assertRejects(() => kinds(forged), MyPaasError, "result not proved");
  let first: Promise<string> | undefined;
  const replayed = await connected(
    (call) => call.lines([ACCEPTED, LIVE]),
    async (response) => new Response(await (first ??= response.text())),
  );
  await kinds(replayed);
  await assertRejects(() => kinds(replayed), MyPaasError, "result not proved");
});

Deno.test("events() calls a stream broken that stops before its end, between lines or inside one", async () => {
  const between = await connected((call) => call.lines([ACCEPTED], false));
  await assertRejects(() => kinds(between), BrokenConnection, "it stopped before its end");
  const inside = await connected(
    (call) => call.lines([ACCEPTED, LIVE]),
    async (response) => new Response((await response.text()).slice(0, -9)),
  );
  await assertRejects(() => kinds(inside), BrokenConnection, "ends inside a line");
  const cut = await connected(
    (call) => call.lines([ACCEPTED, LIVE]),
    () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.error(new TypeError("broke off in its answer")) }),
      ),
  );
  await assertRejects(() => kinds(cut), BrokenConnection, "broke off in its answer");
});

Deno.test("events() throws a refusal before the first event", async () => {
  const connection = await connected((call) => call.signed(errorAnswer(new BuildError("Cannot build"), 409)));
  await assertRejects(() => kinds(connection), BuildError, "Cannot build");
});
