import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { connectionError, EngineError } from "../../src/docker/engine_error.ts";
import type { DockerRequest, DockerStream } from "../../src/docker/request.ts";
import { jsonLines } from "../../src/docker/streams.ts";
import { MyPaasError } from "../../src/error.ts";
import { within } from "../../src/wait.ts";
import { FakeEngine } from "../fakes/fake_engine.ts";

const things: DockerRequest<unknown> = {
  action: "list the things",
  method: "GET",
  path: "/things",
  decode: (answer) => answer,
};
const news: DockerStream<unknown> = { action: "read the news", method: "GET", path: "/news", decode: jsonLines };

/** An answer that writes its lines and then stays open; tells when the client has gone. */
function openAnswer(lines: readonly string[]): { readonly response: () => Response; readonly left: Promise<void> } {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const response = () =>
    new Response(
      new ReadableStream({
        start: (controller) => lines.forEach((line) => controller.enqueue(new TextEncoder().encode(line))),
        cancel: () => resolve(),
      }),
    );
  return { response, left };
}

async function negotiated(api: string, minApi = "1.12"): Promise<string> {
  await using engine = new FakeEngine({ api, minApi, answer: () => Response.json([]) });
  using client = new DockerClient(engine.socket);
  await client.run(things);
  return engine.calls.map(({ version }) => version).join();
}

Deno.test("DockerClient speaks the Engine's newest API, and 1.51 at most", async () => {
  assertEquals(await negotiated("1.41"), "1.41");
  assertEquals(await negotiated("1.44", "1.24"), "1.44");
  assertEquals(await negotiated("1.55", "1.40"), "1.51");
});

Deno.test("DockerClient refuses an Engine that is too old or too new in one sentence", async () => {
  const old = await assertRejects(() => negotiated("1.40"), MyPaasError, "it speaks API 1.40, and 1.41 (Engine 20.10)");
  assertStringIncludes(old.hint ?? "", "Upgrade Docker");
  await assertRejects(() => negotiated("1.60", "1.52"), MyPaasError, "it wants API 1.52 or newer");
});

Deno.test("DockerClient agrees anew when the Engine was replaced by one that wants a newer API", async () => {
  await using first = new FakeEngine({ api: "1.41", answer: () => Response.json([]) });
  using client = new DockerClient(first.socket);
  await client.run(things);
  await first.stop();
  await using second = new FakeEngine({
    api: "1.52",
    minApi: "1.44",
    socket: first.socket,
    answer: ({ version }) =>
      version === "1.51"
        ? Response.json(["new"])
        : Response.json({ message: "client version is too old" }, { status: 400 }),
  });
  assertEquals(await client.run(things), ["new"]);
  assertEquals(second.calls.map(({ version }) => version), ["1.41", "1.51"]);
});

Deno.test("DockerClient never fails a request because the Engine was restarted since the one before", async () => {
  await using first = new FakeEngine({ answer: () => Response.json([]) });
  using client = new DockerClient(first.socket);
  await Promise.all([client.run(things), client.run(things)]);
  await first.stop();
  await using second = new FakeEngine({ socket: first.socket, answer: () => Response.json(["again"]) });
  assertEquals(await client.run({ ...things, method: "POST", body: { n: 1 } }), ["again"]);
  assertEquals(second.calls.map(({ body }) => body), [{ n: 1 }]);
});

Deno.test("DockerClient says what could not be done and why, and keeps the status", async () => {
  await using engine = new FakeEngine({
    answer: ({ path }) =>
      path === "/things"
        ? Response.json({ message: "They are away.\n" }, { status: 409 })
        : new Response("", { status: 500 }),
  });
  using client = new DockerClient(engine.socket);
  const error = await assertRejects(() => client.run(things), EngineError);
  assertEquals([error.message, error.status], ["Cannot list the things: They are away", 409]);
  const bare = await assertRejects(() => client.run({ ...things, path: "/other" }), EngineError);
  assertEquals(bare.message, "Cannot list the things: it answered 500");
});

Deno.test("DockerClient tells how to help when Docker does not answer", async () => {
  using client = new DockerClient("/nowhere/docker.sock");
  const error = await assertRejects(() => client.run(things), EngineError);
  assertEquals(error.message, 'Cannot reach Docker: nothing answers at "/nowhere/docker.sock"');
  assertEquals(error.hint, "Check that Docker runs: systemctl status docker");
  assertEquals(await client.answers(), false);
});

Deno.test("connectionError() tells a missing permission from a missing Engine by the system's error number", () => {
  // The words of Deno 2.6.10; root is never refused, so they cannot be provoked here.
  const cause = new TypeError(
    "error sending request for url (http://docker/_ping): client error (Connect): Permission denied (os error 13)",
  );
  const error = connectionError("reach Docker", { cause, socket: "/run/docker.sock" });
  assertEquals(error.message, 'Cannot reach Docker: no permission to use Docker\'s socket "/run/docker.sock"');
  assertEquals(error.hint, "Run it as root, or with sudo");
});

Deno.test("DockerClient closes the connection of a stream when its reader leaves", async () => {
  const { response, left } = openAnswer(['{"n":1}\n{"n"', ":2}\n"]);
  await using engine = new FakeEngine({ answer: response });
  using client = new DockerClient(engine.socket);
  const seen: unknown[] = [];
  for await (const each of client.stream(news, new AbortController().signal)) {
    seen.push(each);
    if (seen.length === 2) break;
  }
  assertEquals(seen, [{ n: 1 }, { n: 2 }]);
  await within(left, { what: "the Engine sees the reader leave", timeoutMs: 2000 });
});

Deno.test("DockerClient closes the connection of a stream when the signal aborts, and throws its reason", async () => {
  const { response, left } = openAnswer(['{"n":1}\n']);
  await using engine = new FakeEngine({ answer: response });
  using client = new DockerClient(engine.socket);
  const stop = new AbortController();
  const reason = new Error("enough");
  const reading = async () => {
    for await (const _ of client.stream(news, stop.signal)) stop.abort(reason);
  };
  const error = await assertRejects(() => within(reading(), { what: "the stream ends", timeoutMs: 2000 }), Error);
  assert(error === reason);
  await within(left, { what: "the Engine sees the reader leave", timeoutMs: 2000 });
});

Deno.test("DockerClient says that the connection broke when the Engine ends inside a stream", async () => {
  const { response } = openAnswer(['{"n":1}\n']);
  await using engine = new FakeEngine({ answer: response });
  using client = new DockerClient(engine.socket);
  const reading = async () => {
    for await (const _ of client.stream(news, new AbortController().signal)) await engine.stop();
  };
  const error = await assertRejects(reading, EngineError, "Cannot read the news: the connection to Docker broke");
  assertEquals(error.status, 0);
});
