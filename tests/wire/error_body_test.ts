import { assert, assertEquals } from "@std/assert";
import { errorOfKind, type FailureKind, MyPaasError } from "../../src/error.ts";
import { errorAnswer, errorOfAnswer, errorOfResponse, jsonAnswer, toResponse } from "../../src/wire/error_body.ts";

const STATUSES: Readonly<Record<FailureKind, number>> = {
  usage: 400,
  auth: 401,
  build: 422,
  notReady: 422,
  failed: 500,
};

for (const [name, status] of Object.entries(STATUSES)) {
  const kind = name as FailureKind;
  Deno.test(`an error of kind ${kind} has status ${status} and comes back the same`, async () => {
    const error = errorOfKind(kind, "Cannot do it", { hint: "Try again.", details: ["line 1", "line 2"] });
    const response = toResponse(errorAnswer(error));
    assertEquals([response.status, response.headers.get("content-type")], [status, "application/json"]);
    const back = await errorOfResponse(response);
    assertEquals(back.constructor, error.constructor);
    assertEquals([back.message, back.hint, back.details], [error.message, error.hint, error.details]);
  });
}

Deno.test("errorAnswer() takes a more exact status, and writes no empty fields", () => {
  const { status, body } = errorAnswer(new MyPaasError("Cannot find it"), 404);
  assertEquals(status, 404);
  assertEquals(new TextDecoder().decode(body), '{"error":{"kind":"failed","message":"Cannot find it"}}');
});

Deno.test("errorAnswer() keeps the words of a bug to itself", () => {
  const { status, body } = errorAnswer(new TypeError("x is undefined at /secret/path"));
  assertEquals(status, 500);
  const { error } = JSON.parse(new TextDecoder().decode(body));
  assertEquals(error, { kind: "failed", message: "Cannot answer: the server has a bug, its log says more" });
});

Deno.test("toResponse() adds headers", async () => {
  const response = toResponse(jsonAnswer({ a: 1 }, 201), { "mypaas-proof": "x" });
  assertEquals([response.status, response.headers.get("mypaas-proof")], [201, "x"]);
  assertEquals(await response.json(), { a: 1 });
});

Deno.test("errorOfResponse() has a sentence for a page that something in between made", async () => {
  const page = new Response("<html>Bad Gateway</html>", {
    status: 502,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
  const error = await errorOfResponse(page);
  assertEquals(error.message, "Cannot understand the answer: status 502 with text/html, not from MyPaas");
  assert(error.hint?.includes("proxy"));
});

Deno.test("errorOfAnswer() does not take other JSON, half a body or no body for ours", () => {
  for (const text of ["", "{}", "null", '{"error":"x"}', '{"error":{"kind":"odd","message":"x"}}', '{"error":{"ki']) {
    const body = new TextEncoder().encode(text);
    assertEquals(
      errorOfAnswer({ status: 503, contentType: null, body }).message,
      "Cannot understand the answer: status 503 with no content type, not from MyPaas",
    );
  }
});

Deno.test("errorOfResponse() reads no more than 1 MiB", async () => {
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(sent += 1 << 16).fill(32)),
    cancel: () => void (cancelled = true),
  });
  const error = await errorOfResponse(new Response(endless, { status: 500 }));
  assert(cancelled);
  assertEquals(error.message, "Cannot understand the answer: status 500 with no content type, not from MyPaas");
});

Deno.test("errorOfAnswer() says what else answered: the title of its page, or where it leads", () => {
  const page = (body: string, status = 200, headers?: Headers) =>
    errorOfAnswer({
      status,
      contentType: "text/html",
      body: new TextEncoder().encode(body),
      ...headers && { headers },
    });
  const titled = page("<HTML><Title lang=en>\n  Log in\n first </title>");
  assertEquals(
    titled.message,
    'Cannot understand the answer: status 200 with text/html "Log in first", not from MyPaas',
  );
  assertEquals(page(`<title>${"long ".repeat(100)}`).message.length < 250, true);
  const moved = page("", 302, new Headers({ location: "http://login.example/" }));
  assertEquals(
    moved.message,
    'Cannot understand the answer: status 302 to "http://login.example/", not from MyPaas',
  );
});
