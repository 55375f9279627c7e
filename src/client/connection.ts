import { STATUS_CODE } from "@std/http/status";
import type { Signer } from "../auth/keys.ts";
import { PROOF_HEADER, type ProofContext, verifyAnswer, verifyEvent } from "../auth/proof.ts";
import { newNonce, signRequest } from "../auth/request_signature.ts";
import { CutOffError, errorOfKind, messageOf, MyPaasError, type MyPaasErrorOptions } from "../error.ts";
import { parseBlobsAnswer } from "../wire/answer_schemas.ts";
import { errorOfAnswer } from "../wire/error_body.ts";
import { isKnownEvent, parseEventLine } from "../wire/event_schemas.ts";
import { type EventLine, isEnd } from "../wire/events.ts";
import { decodeLines } from "../wire/lines.ts";
import type { BlobsAnswer } from "../wire/requests.ts";
import { senderVersion, skewHint, VERSION, VERSION_HEADER } from "../wire/version.ts";
import { type ReadAnswer, readAnswer } from "./read_answer.ts";
import type { Transport } from "./transport.ts";

/** Why the other side is believed. */
export type Trust =
  /** Nothing is signed: over the daemon's own socket, and before a login, whose answer has a proof of its own. */
  | { readonly kind: "unsigned" }
  /** Every request is signed, every answer of the daemon proved. */
  | {
    readonly kind: "signed";
    readonly serverId: string;
    /** Raw ed25519 public key, base64url. */
    readonly daemonKey: string;
    readonly key: Signer;
  };

/** The other side was not reached, or the connection ended too early: trying again may help. */
export class BrokenConnection extends MyPaasError {
  /** Whether somebody was there. */
  readonly cutOff: boolean;

  constructor(
    message: string,
    { cutOff = false, ...options }: MyPaasErrorOptions & { readonly cutOff?: boolean } = {},
  ) {
    super(message, options);
    this.cutOff = cutOff;
  }
}

/** What the request builds on is not, or no longer, on the server (409): it has to be sent. */
export class LackingOnServer extends MyPaasError {}

/** Statuses of a receiver, or a proxy, that does not reach what is behind it, or has too much to do just now. */
const AWAY: ReadonlySet<number> = new Set([STATUS_CODE.TooManyRequests, 502, 503, 504]);

interface RequestOptions {
  /** JSON, encoded. */
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface JsonOptions<T> extends RequestOptions {
  readonly parse: (json: unknown) => T;
  /** Who makes the answer; the receiver has no key and proves nothing. */
  readonly from?: "daemon" | "receiver";
}

export interface LinesOptions<T> extends RequestOptions {
  readonly parse: (json: unknown) => T;
  /** Whether nothing comes after a line; it is the one that is proved. */
  readonly isLast: (line: T) => boolean;
  /** Lines that are left out; default: none. */
  readonly isLeftOut?: (json: unknown) => boolean;
}

type Proof = ProofContext & { readonly daemonKey: string };

/** Requests to one server. What a server refuses is thrown as the error that it tells. */
export class Connection {
  readonly #transport: Transport;
  readonly #trust: Trust;
  readonly #now: () => Date;

  constructor(transport: Transport, trust: Trust, now: () => Date) {
    this.#transport = transport;
    this.#trust = trust;
    this.#now = now;
  }

  /** Whether the daemon proves what it answers. */
  get signed(): boolean {
    return this.#trust.kind === "signed";
  }

  /** Names the server itself, however it is reached: its id; over a socket, the socket's name. */
  get server(): string {
    return this.#trust.kind === "signed" ? this.#trust.serverId : this.#transport.name;
  }

  /** How messages name the other side. */
  get name(): string {
    return this.#transport.name;
  }

  /**
   * Asks for one answer in JSON. `path` begins with `/v1/` and has the query.
   *
   * @throws {BrokenConnection} when the server is not reached
   * @throws {MyPaasError} what the server refused; `result not proved` when the answer is not the daemon's
   */
  async json<T>(
    method: string,
    path: string,
    { parse, from = "daemon", body, signal }: JsonOptions<T>,
  ): Promise<T> {
    const { response, proof } = await this.#send(method, path, { body, signal });
    const answer = await this.#read(response, signal);
    if (!response.ok) throw await failureOf(answer, proof);
    const json = jsonOf(answer);
    if (proof !== undefined && from === "daemon") await verifyAnswer(answer, proof);
    return understood(parse, json, response.headers);
  }

  /**
   * Asks for an answer in lines. Fulfilled when the server has begun to answer.
   *
   * @returns the lines as they come, up to the last; it throws a `BrokenConnection` when they stop before that, and
   * `result not proved` when the daemon did not sign the last, or another that has a proof
   */
  async lines<T>(
    method: string,
    path: string,
    { body, signal, ...options }: LinesOptions<T>,
  ): Promise<AsyncGenerator<T, void, void>> {
    const { response, proof } = await this.#send(method, path, { body, signal });
    if (!response.ok) throw await failureOf(await this.#read(response, signal), proof);
    // A page of something in between would be a broken line.
    if (response.headers.get("content-type")?.startsWith("text/html")) {
      throw errorOfAnswer(await this.#read(response, signal));
    }
    return this.#lines(response, { ...options, signal, proof });
  }

  /** The events of a deploy, as `lines`. */
  events(method: string, path: string, options: RequestOptions): Promise<AsyncGenerator<EventLine, void, void>> {
    const isLeftOut = (json: unknown) => !isKnownEvent(json);
    return this.lines(method, path, { ...options, parse: parseEventLine, isLast: isEnd, isLeftOut });
  }

  /** Sends frames (`src/wire/frames.ts`); each blob is proved by its name, so nothing else is. */
  async putBlobs(service: string, frames: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<BlobsAnswer> {
    const path = `/v1/blobs?service=${encodeURIComponent(service)}`;
    const { response, proof } = await this.#send("PUT", path, { stream: frames, signal });
    const answer = await this.#read(response, signal);
    if (!response.ok) throw await failureOf(answer, proof);
    return parseBlobsAnswer(jsonOf(answer));
  }

  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #send(
    method: string,
    path: string,
    { body: json, stream, signal }: RequestOptions & { readonly stream?: ReadableStream<Uint8Array> },
  ): Promise<{ readonly response: Response; readonly proof: Proof | undefined }> {
    const headers: Record<string, string> = { [VERSION_HEADER]: VERSION };
    if (json !== undefined) headers["content-type"] = "application/json";
    // Signed as well: nobody on the way may give a body to a request that has none.
    const body = json ?? (method === "GET" || stream !== undefined ? undefined : new Uint8Array());
    let proof: Proof | undefined;
    if (this.#trust.kind === "signed") {
      const { serverId, daemonKey, key } = this.#trust;
      const { pathname, search } = new URL(path, "http://mypaas");
      const nonce = newNonce();
      const parts = { method, path: pathname, query: search, body };
      Object.assign(headers, await signRequest(parts, key, { serverId, now: this.#now(), nonce }));
      proof = { serverId, daemonKey, keyId: key.id, nonce };
    }
    const init = { method, headers, body: body ?? stream ?? null, ...signal !== undefined && { signal } };
    try {
      return { response: await this.#transport.send(path, init), proof };
    } catch (error) {
      throw this.#broken(error, signal);
    }
  }

  async #read(response: Response, signal: AbortSignal | undefined): Promise<ReadAnswer> {
    try {
      return await readAnswer(response);
    } catch (error) {
      throw this.#broken(cutOff(error), signal);
    }
  }

  async *#lines<T>(
    response: Response,
    { parse, isLast, isLeftOut, signal, proof }: LinesOptions<T> & { readonly proof: Proof | undefined },
  ): AsyncGenerator<T, void, void> {
    const lines = decodeLines(response.body ?? new Blob().stream(), { signal });
    try {
      while (true) {
        const { done, value } = await lines.next().catch((error) => {
          throw this.#broken(cutOff(error), signal);
        });
        if (done) {
          throw new BrokenConnection(`Cannot read the answer of ${this.name}: it stopped before its end`, {
            cutOff: true,
          });
        }
        if (isLeftOut?.(value)) continue;
        const line = understood(parse, value, response.headers);
        const last = isLast(line);
        if (proof !== undefined && (last || carriesProof(value))) await verifyEvent(value, proof);
        yield line;
        if (last) return;
      }
    } finally {
      await lines.return();
    }
  }

  /** What to throw when a request broke: the reason of who ended it, a refusal as it is, anything else as broken. */
  #broken(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (!(error instanceof MyPaasError)) {
      return new BrokenConnection(`Cannot reach ${this.name}: ${messageOf(error)}`, {
        cause: error,
        hint: "Try again.",
        cutOff: true,
      });
    }
    if (error.kind !== "failed" || error.skew) return error;
    const { message, hint, details } = error;
    return new BrokenConnection(message, { cause: error, hint, details, cutOff: error instanceof CutOffError });
  }
}

/** The failure that an answer tells. It may come from the receiver, unsigned; a signature that is there must be right. */
async function failureOf(answer: ReadAnswer, proof: Proof | undefined): Promise<MyPaasError> {
  if (proof !== undefined && answer.headers.has(PROOF_HEADER)) await verifyAnswer(answer, proof);
  const error = explained(errorOfAnswer(answer), answer.headers);
  if (answer.status === STATUS_CODE.Conflict && error.kind === "failed") {
    return new LackingOnServer(error.message, { hint: error.hint });
  }
  if (!AWAY.has(answer.status)) return error;
  const { message, hint, details } = error;
  return new BrokenConnection(message, { hint, details, cutOff: answer.status === STATUS_CODE.TooManyRequests });
}

/** Reads what a server said; a server of another version may say it in another way. */
function understood<T>(parse: (json: unknown) => T, json: unknown, headers: Headers): T {
  try {
    return parse(json);
  } catch (error) {
    throw error instanceof MyPaasError ? explained(error, headers) : error;
  }
}

/** Says which side to upgrade where the two did not understand each other and are of different versions. */
function explained(error: MyPaasError, headers: Headers): MyPaasError {
  const hint = error.skew ? skewHint({ client: VERSION, server: senderVersion(headers) }) : undefined;
  return hint === undefined ? error : errorOfKind(error.kind, error.message, { ...error, hint, cause: error });
}

/** What reading an answer failed with; fetch says it in words of its own. */
function cutOff(error: unknown): unknown {
  return error instanceof TypeError ? new Error("the connection broke off in its answer", { cause: error }) : error;
}

function carriesProof(line: unknown): boolean {
  return typeof line === "object" && line !== null && "proof" in line;
}

function jsonOf(answer: ReadAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(answer.body));
  } catch {
    throw errorOfAnswer(answer);
  }
}
