import { MyPaasError } from "../error.ts";
import { waitUntil } from "../wait.ts";
import { fromWireError } from "../wire/error_body.ts";
import { type DeployEvent, type EventLine, isEnd } from "../wire/events.ts";
import { BrokenConnection, type Connection } from "./connection.ts";

/** How long a server may be out of reach while a deploy is followed, such as for its restart. */
const OUT_OF_REACH_MS = 60_000;
/** Pause before a stream that broke is asked for again. */
const REST_MS = 500;
/** Streams in a row that broke without a new event. */
const FRUITLESS_STREAMS = 20;

/** How a deploy ends when it does not fail. */
export type DeployEnd = Extract<DeployEvent, { kind: "live" | "planned" | "done" }>;

export interface FollowOptions {
  /** The request that begins it, such as `POST /v1/deploy?service=blog`; or the id of a deploy that goes on already. */
  readonly start: { readonly method: string; readonly path: string } | { readonly attach: string };
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
  const { method, path: first } = "attach" in start ? { method: "GET", path: eventsPath(start.attach, 0) } : start;
  let open = () => connection.events(method, first, { body, signal });
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
      if (deploy === undefined || ++fruitless > FRUITLESS_STREAMS) throw notSeen(what, error);
    }
    const path = eventsPath(deploy, last);
    const stream = await reopened(() => connection.events("GET", path, { signal }), { deploy, restMs, signal });
    open = () => Promise.resolve(stream);
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
function reopened<T>(
  open: () => Promise<T>,
  { deploy, restMs, signal }: {
    readonly deploy: string;
    readonly restMs: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<T> {
  let rested = false;
  return waitUntil(async () => {
    if (!rested) {
      rested = true;
      return undefined;
    }
    try {
      return await open();
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
