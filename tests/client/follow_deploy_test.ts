import { assertEquals, assertRejects } from "@std/assert";
import { BrokenConnection, type Connection } from "../../src/client/connection.ts";
import { followDeploy, type FollowOptions } from "../../src/client/follow_deploy.ts";
import { Retries } from "../../src/client/retries.ts";
import { AuthError, BuildError, MyPaasError, NotReadyError } from "../../src/error.ts";
import type { DeployEvent, EventLine } from "../../src/wire/events.ts";
import { PLAN } from "./plan_example.ts";

const ACCEPTED = { kind: "accepted", deploy: "blog.7", service: "blog", release: 7 } as const;
const LIVE = { kind: "live", service: "blog", release: 7, urls: [], seconds: 1, alreadyLive: false } as const;

function log(text: string): DeployEvent {
  return { kind: "log", step: "build", text };
}

/** One answer of a server: an error instead of one, or events from a number on and how the stream breaks off. */
type Stream = Error | { readonly from?: number; readonly events: readonly DeployEvent[] };

/** Follows a deploy at a server that answers with the given streams, one per request. */
async function follow(
  streams: readonly Stream[],
  { signed = false, proof, start = { method: "POST", path: "/v1/deploy?service=blog" } }: {
    readonly signed?: boolean;
    readonly proof?: string;
    readonly start?: FollowOptions["start"];
  } = {},
) {
  const asked: string[] = [];
  const told: string[] = [];
  const connection: Pick<Connection, "events" | "signed"> = {
    signed,
    events(method, path) {
      const stream = streams[asked.push(`${method} ${path}`) - 1];
      if (stream === undefined || stream instanceof Error) {
        return Promise.reject(stream ?? new Error("one request too many"));
      }
      return Promise.resolve(lines(stream.events, stream.from ?? 1, proof));
    },
  };
  const options = { start, body: new Uint8Array(), restMs: 1 };
  const end = followDeploy(connection, options, (event) => told.push(`${event.seq} ${event.kind}`));
  return await end.then((end) => ({ asked, told, end }), (error) => Promise.reject(Object.assign(error, { asked })));
}

async function* lines(events: readonly DeployEvent[], from: number, proof?: string): AsyncGenerator<EventLine, void> {
  await Promise.resolve();
  for (const [i, event] of events.entries()) {
    const line: EventLine = { ...event, seq: from + i, time: "2026-11-22T10:00:00.000Z" };
    yield event.kind === "accepted" && proof !== undefined ? { ...line, proof } : line;
  }
  throw broken();
}

function broken(): BrokenConnection {
  return new BrokenConnection("Cannot read the answer of https://paas.example: it stopped before its end");
}

Deno.test("followDeploy() tells every event and returns the end", async () => {
  assertEquals(await follow([{ events: [ACCEPTED, log("a"), LIVE] }]).then(({ asked, told }) => [asked, told]), [
    ["POST /v1/deploy?service=blog"],
    ["1 accepted", "2 log", "3 live"],
  ]);
  const { end } = await follow([{ events: [{ kind: "planned", ...PLAN }] }]);
  assertEquals(end.kind, "planned");
});

Deno.test("followDeploy() attaches again after a broken stream and tells no event twice", async () => {
  const { asked, told, end } = await follow([
    { events: [ACCEPTED, log("a")] },
    broken(),
    broken(),
    { from: 2, events: [log("a"), log("b")] },
    { from: 4, events: [LIVE] },
  ]);
  assertEquals(asked, [
    "POST /v1/deploy?service=blog",
    "GET /v1/deploys/blog.7/events?after=2",
    "GET /v1/deploys/blog.7/events?after=2",
    "GET /v1/deploys/blog.7/events?after=2",
    "GET /v1/deploys/blog.7/events?after=3",
  ]);
  assertEquals(told, ["1 accepted", "2 log", "3 log", "4 live"]);
  assertEquals(end, { ...LIVE, seq: 4, time: "2026-11-22T10:00:00.000Z" } as typeof end);
});

Deno.test("followDeploy() throws how the deploy failed", async () => {
  const error = { kind: "notReady", message: "Cannot see that it is ready", hint: "Look.", details: ["x"] } as const;
  const failed: DeployEvent = { kind: "failed", deploy: "blog.7", error };
  const thrown = await assertRejects(() => follow([{ events: [ACCEPTED, failed] }]), NotReadyError, "is ready");
  assertEquals([thrown.hint, thrown.details], ["Look.", ["x"]]);
});

Deno.test("followDeploy() throws a refusal at once, at the start and when it attaches", async () => {
  await assertRejects(() => follow([new BuildError("Cannot build")]), BuildError);
  const gone = new MyPaasError('Cannot attach to "blog.7": its log is gone; it is live');
  await assertRejects(() => follow([{ events: [ACCEPTED] }, gone]), MyPaasError, "its log is gone");
  await assertRejects(() => follow([{ events: [ACCEPTED] }, new AuthError("Cannot: revoked")]), AuthError);
});

Deno.test("followDeploy() says that nobody knows when the stream broke before the deploy was accepted", async () => {
  for (const first of [broken(), { events: [] }]) {
    await assertRejects(() => follow([first]), MyPaasError, "Cannot see whether the deploy was accepted");
  }
});

Deno.test("followDeploy() sends a request again that the server knows again, until the deploy is proved to be accepted", async () => {
  const retries = new Retries({ now: () => 0, onRetry: () => {}, rest: () => Promise.resolve() });
  const start = { method: "POST", path: "/v1/deploy?service=blog", retries };
  const cut = new BrokenConnection("Cannot reach it: cut", { cutOff: true });
  const streams: readonly Stream[] = [cut, { events: [ACCEPTED] }, broken(), { events: [ACCEPTED, LIVE] }];
  const { asked, told } = await follow(streams, { signed: true, start });
  assertEquals(asked, Array.from({ length: 4 }, () => "POST /v1/deploy?service=blog"));
  assertEquals(told, ["1 accepted", "2 live"]);
  const away = new BrokenConnection("Cannot reach it: nothing listens there");
  const never = new Retries({ now: () => 0, onRetry: () => {}, rest: () => Promise.resolve() });
  const lost = { ...start, retries: never };
  await assertRejects(() => follow([away], { start: lost }), MyPaasError, "Cannot reach it: nothing listens there");
});

Deno.test("followDeploy() attaches only to a deploy that the daemon proved to be this one", async () => {
  const streams: readonly Stream[] = [{ events: [ACCEPTED] }, { from: 2, events: [LIVE] }];
  await assertRejects(() => follow(streams, { signed: true }), MyPaasError, "Cannot see how the deploy ends");
  assertEquals((await follow(streams, { signed: true, proof: "p" })).end.kind, "live");
});

Deno.test("followDeploy() attaches to a deploy that goes on already, and again when the stream breaks", async () => {
  const { asked, told } = await follow([{ events: [ACCEPTED, log("a")] }, { from: 3, events: [LIVE] }], {
    signed: true,
    start: { attach: "blog.7" },
  });
  assertEquals(asked, ["GET /v1/deploys/blog.7/events?after=0", "GET /v1/deploys/blog.7/events?after=2"]);
  assertEquals(told, ["1 accepted", "2 log", "3 live"]);
});

Deno.test("followDeploy() ends with work that makes no release", async () => {
  const done = { kind: "done", service: "blog", text: "blog is stopped", notes: [] } as const;
  const start = { method: "POST", path: "/v1/services/blog/stop" };
  assertEquals((await follow([{ events: [done] }], { start })).end.kind, "done");
});

Deno.test("followDeploy() gives up on a server whose streams always break", async () => {
  const empty = Array.from({ length: 40 }, () => ({ events: [] }));
  await assertRejects(() => follow([{ events: [ACCEPTED] }, ...empty]), MyPaasError, "how the deploy ends");
});
