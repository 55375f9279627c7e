import { MyPaasError } from "../error.ts";
import { waitUntil } from "../wait.ts";
import { fromWireError } from "../wire/error_body.ts";
import { type DeployEvent, type EventLine, isEnd } from "../wire/events.ts";
import { BrokenConnection, type Connection } from "./connection.ts";
import type { Retries } from "./retries.ts";

/** How long a server may be out of reach while a deploy is followed, such as for its restart. */
const OUT_OF_REACH_MS = 60_000;
/** Pause before a stream that broke is asked for again. */
const REST_MS = 500;
/** Streams in a row that broke without a new event. */
const FRUITLESS_STREAMS = 20;

/** How a deploy ends when it does not fail. */
export type DeployEnd = Extract<DeployEvent, { kind: "live" | "planned" | "done" }>;

export interface FollowOptions {
  /**
   * The request that begins it, such as `POST /v1/deploy?service=blog`; or the id of a deploy that goes on already. With
   * `retries` the request is one that the server knows again: it is sent again until it is answered.
   */
  readonly start:
    | { readonly method: string; readonly path: string; readonly retries?: Retries }
    | { readonly attach: string };
  /** What it asks for as JSON, encoded. */
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Pause before each new attempt, in milliseconds; for tests. */
  readonly restMs?: number;
}

/**
 * Starts a deploy, or other work on a service, and follows it to its end. When the connection breaks it attaches again and goes on after the last
 * event: a deploy never depends on the connection.
 *
 * @param report is called with every event once, in order
 * @throws {MyPaasError} how the deploy failed, or `Cannot see ...` when the server is not reached again
 */
export async function followDeploy(
  connection: Pick<Connection, "events" | "signed">,
  { start, body, signal, restMs = REST_MS }: FollowOptions,
  report: (event: EventLine) => void,
): Promise<DeployEnd> {
  let deploy = "attach" in start ? start.attach : undefined;
  let last = 0;
  let fruitless = 0;
  const { method, path: first, retries } = "attach" in start
    ? { method: "GET", path: eventsPath(start.attach, 0), retries: undefined }
    : start;
  const begin = () => connection.events(method, first, { body, signal });
  let open = begin;
  while (true) {
    try {
      for await (const event of await open()) {
        if (event.seq <= last) continue;
        last = event.seq;
        fruitless = 0;
        if (event.kind === "accepted" && isBelieved(event, connection)) deploy = event.deploy;
        report(event);
        if (isEnd(event)) return endOf(event);
      }
      throw new BrokenConnection("the stream of events stopped before its end");
    } catch (error) {
      if (!(error instanceof BrokenConnection) || signal?.aborted) throw error;
      const what = last === 0 ? "whether the deploy was accepted" : "how the deploy ends";
      if (++fruitless > FRUITLESS_STREAMS) throw notSeen(what, error);
      const stream = await (deploy === undefined
        ? begunAgain(begin, { what, error, retries })
        : reopened(eventsPath(deploy, last), { connection, deploy, restMs, signal }));
      open = () =>
        Promise.resolve(stream);
    }
  }
}

/** Sends the request that begins it once more, where the server knows it again. */
async function begunAgain<T>(
  begin: () => Promise<T>,
  { what, error, retries }: {
    readonly what: string;
    readonly error: BrokenConnection;
    readonly retries: Retries | undefined;
  },
): Promise<T> {
  if (retries === undefined) throw notSeen(what, error);
  try {
    return await retries.run(begin, error);
  } catch (failure) {
    const sent = error.cutOff || retries.reached;
    throw failure instanceof BrokenConnection && sent ? notSeen(what, failure) : failure;
  }
}

function eventsPath(deploy: string, after: number): string {
  return `/v1/deploys/${encodeURIComponent(deploy)}/events?after=${after}`;
}

/**
 * Whether the id of the deploy is the daemon's word. Else whoever relays it could cut the stream and have an older
 * deploy followed, whose proved success would be taken for this one's.
 */
function isBelieved(accepted: EventLine, { signed }: Pick<Connection, "signed">): boolean {
  return !signed || accepted.proof !== undefined;
}

/** Asks again for a stream of events, after a rest each time, until the server answers. */
function reopened(
  path: string,
  { connection, deploy, restMs, signal }: {
    readonly connection: Pick<Connection, "events">;
    readonly deploy: string;
    readonly restMs: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<AsyncGenerator<EventLine, void, void>> {
  let rested = false;
  return waitUntil(async () => {
    if (!rested) {
      rested = true;
      return undefined;
    }
    try {
      return await connection.events("GET", path, { signal });
    } catch (error) {
      if (error instanceof BrokenConnection) return undefined;
      throw error;
    }
  }, { what: `the deploy "${deploy}" can be followed`, timeoutMs: OUT_OF_REACH_MS, intervalMs: restMs, signal });
}

function endOf(event: DeployEvent): DeployEnd {
  if (event.kind === "live" || event.kind === "planned" || event.kind === "done") return event;
  if (event.kind === "failed") throw fromWireError(event.error);
  throw new Error(`"${event.kind}" is no end of a deploy`);
}

function notSeen(what: string, cause: BrokenConnection): MyPaasError {
  return new MyPaasError(`Cannot see ${what}: ${cause.message}`, {
    cause,
    hint: "Look with `mypaas ps`, or push again: what is live already is not deployed twice.",
  });
}
