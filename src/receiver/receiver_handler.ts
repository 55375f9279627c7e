import { STATUS_CODE } from "@std/http/status";
import { checkContentDigest } from "../auth/content_digest.ts";
import { PROOF_HEADER } from "../auth/proof.ts";
import { SERVER_HEADER } from "../auth/server_header.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { CLIENT_ADDRESS_HEADER, clientAddress } from "../wire/caller.ts";
import { errorAnswer, jsonAnswer, toResponse } from "../wire/error_body.ts";
import { KEEP_PATH } from "../wire/keep.ts";
import { MAX_BODY_BYTES, MAX_DEPLOY_BODY_BYTES, MAX_UNSIGNED_BODY_BYTES } from "../wire/limits.ts";
import type { HelloAnswer } from "../wire/requests.ts";
import { urlOfRequest } from "../wire/request_url.ts";
import { parseVerifyAnswer, VERIFY_PATH, type VerifyRequest } from "../wire/verify.ts";
import { VERSION_HEADER } from "../wire/version.ts";
import { type BodyLimits, BodyRefused, IncomingBody } from "../wire/incoming_body.ts";
import { holding, type SlotLimits, Slots } from "../wire/slots.ts";
import type { UploadHandler } from "./upload_handler.ts";

/** The way to the daemon. `src/host` implements it over the unix socket. */
export interface Gate {
  /** `path` begins with `/v1/` and has the query. */
  send(
    path: string,
    init: {
      readonly method: string;
      readonly headers: HeadersInit;
      readonly body: BodyInit | null;
      readonly signal: AbortSignal;
    },
  ): Promise<Response>;
}

export interface ReceiverLimits extends SlotLimits {
  /** Names and values of all headers of a request. */
  readonly headerBytes: number;
  /** How long the body of a request may take. */
  readonly bodyMs: number;
}

export const RECEIVER_LIMITS: ReceiverLimits = {
  requests: 64,
  requestsPerAddress: 16,
  headerBytes: 16 << 10,
  bodyMs: 120_000,
};

export interface ReceiverParts {
  readonly gate: Gate;
  readonly uploads: UploadHandler;
  /** Most bytes of one `PUT /v1/blobs`. */
  readonly putBytes: number;
  readonly serverId: string;
  readonly version: string;
  readonly now: () => Date;
  readonly limits: ReceiverLimits;
}

/** What the gate answers to the receiver itself, and to nobody behind it. */
const FOR_RECEIVER: ReadonlySet<string> = new Set([VERIFY_PATH, KEEP_PATH]);
const SIGNED_HEADERS = ["signature", "signature-input", "content-digest", SERVER_HEADER];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"];
/** How long a login may take, and the rest of a body that nobody wants, in milliseconds: until then a place is taken. */
const UNSIGNED_BODY_MS = 5000;
const TO_GATE = ["content-type", VERSION_HEADER, ...SIGNED_HEADERS];
const FROM_GATE = ["content-type", VERSION_HEADER, PROOF_HEADER];

/** An answer that is not made from a failure's kind alone. */
class Refusal extends UsageError {
  readonly status: number;

  constructor(status: number, message: string, { hint, skew }: { hint?: string; skew?: boolean } = {}) {
    super(message, { hint, skew });
    this.status = status;
  }
}

/**
 * Handles what Traefik passes on: answers `hello`, stores blobs when the gate says yes, relays the rest of `/v1/` to the
 * gate as it is. Holds no key and believes nobody.
 */
export function receiverHandler(parts: ReceiverParts): (request: Request) => Promise<Response> {
  const slots = new Slots(parts.limits);
  return async (request) => {
    const address = forwardedFor(request.headers);
    const release = slots.take(networkOf(address));
    if (release === undefined) {
      const message = "Cannot take the request: too many are under way";
      return refused(new Refusal(STATUS_CODE.TooManyRequests, message, { hint: "Try again in a moment." }));
    }
    return await holding(release, request, async () => {
      const response = await answered(parts, request, address);
      // What the daemon answered has its own.
      if (!response.headers.has(VERSION_HEADER)) response.headers.set(VERSION_HEADER, parts.version);
      return response;
    });
  };
}

/** Answers when the body has been read to its end, or to its limits. */
async function answered(parts: ReceiverParts, request: Request, address: string): Promise<Response> {
  let body: IncomingBody | undefined;
  try {
    const url = urlOfRequest(request);
    checkMethod(request.method);
    const where = `${request.method} ${url.pathname}`;
    const limits = bodyLimits(where, parts);
    if (request.body !== null) body = new IncomingBody(request.body, limits);
    const incoming: Incoming = { request, url, body, address };
    checkHeaders(request.headers, { most: parts.limits.headerBytes, bodyBytes: limits.bytes });
    switch (where) {
      case "GET /v1/hello":
        return hello(parts);
      case "POST /v1/missing":
      case "PUT /v1/blobs":
        return await upload(parts, incoming);
      default:
        return await relay(parts.gate, incoming);
    }
  } catch (error) {
    if (!(error instanceof MyPaasError)) throw error;
    return refused(error);
  } finally {
    // Whoever may not send it is not listened to for long.
    await body?.drain(UNSIGNED_BODY_MS);
  }
}

function bodyLimits(where: string, { putBytes, limits: { bodyMs: ms } }: ReceiverParts): BodyLimits {
  switch (where) {
    case "PUT /v1/blobs":
      return { bytes: putBytes, ms };
    case "POST /v1/deploy":
      return { bytes: MAX_DEPLOY_BODY_BYTES, ms };
    case "POST /v1/login":
      return { bytes: MAX_UNSIGNED_BODY_BYTES, ms: Math.min(ms, UNSIGNED_BODY_MS) };
    default:
      return { bytes: MAX_BODY_BYTES, ms };
  }
}

interface Incoming {
  readonly request: Request;
  readonly url: URL;
  readonly body: IncomingBody | undefined;
  readonly address: string;
}

function hello({ serverId, version, now }: ReceiverParts): Response {
  return toResponse(jsonAnswer({ serverId, version, time: now().toISOString() } satisfies HelloAnswer));
}

/** Stores or looks up blobs, once the gate has verified the request; `missing` must have the body that was signed. */
async function upload({ gate, uploads }: ReceiverParts, incoming: Incoming): Promise<Response> {
  const { request, url, body, address } = incoming;
  const question: VerifyRequest = {
    method: request.method,
    path: url.pathname,
    query: url.search,
    headers: Object.fromEntries(picked(request.headers, SIGNED_HEADERS)),
  };
  const verified = await ask(gate, VERIFY_PATH, {
    method: "POST",
    headers: { "content-type": "application/json", [CLIENT_ADDRESS_HEADER]: address },
    body: JSON.stringify(question),
    signal: request.signal,
  });
  if (!verified.ok) return passedOn(verified);
  const { service, damaged } = parseVerifyAnswer(await verified.json());
  const { method } = request;
  if (method === "PUT") return await uploads(new Request(url, { method }), service, { body });
  const content = await body?.whole() ?? new Uint8Array();
  await checkContentDigest(content, request.headers.get("content-digest"));
  return await uploads(new Request(url, { method, body: content }), service, { damaged });
}

/** Passes a request on to the gate, and the answer back, both as they come. A client that goes away ends both. */
async function relay(gate: Gate, { request, url, body, address }: Incoming): Promise<Response> {
  if (!url.pathname.startsWith("/v1/") || FOR_RECEIVER.has(url.pathname)) {
    throw new Refusal(STATUS_CODE.NotFound, `Cannot find "${url.pathname.slice(0, 200)}" on this server`, {
      skew: true,
    });
  }
  try {
    const answer = await ask(gate, url.pathname + url.search, {
      method: request.method,
      headers: [...picked(request.headers, TO_GATE), [CLIENT_ADDRESS_HEADER, address]],
      body: body?.stream() ?? null,
      signal: request.signal,
    });
    return passedOn(answer);
  } catch (error) {
    throw body?.refused ?? error;
  }
}

async function ask(gate: Gate, path: string, init: Parameters<Gate["send"]>[1]): Promise<Response> {
  try {
    return await gate.send(path, init);
  } catch (cause) {
    throw new Unreachable("Cannot pass the request on: the daemon of this server does not answer", {
      cause,
      hint: "On the server, look at it with: systemctl status mypaas.",
    });
  }
}

/** The daemon is away, for a restart or longer. */
class Unreachable extends MyPaasError {}

function passedOn(answer: Response): Response {
  return new Response(answer.body, { status: answer.status, headers: picked(answer.headers, FROM_GATE) });
}

function refused(error: MyPaasError): Response {
  const status = error instanceof Refusal
    ? error.status
    : error instanceof BodyRefused
    ? STATUS_CODE.ContentTooLarge
    : error instanceof Unreachable
    ? STATUS_CODE.ServiceUnavailable
    : undefined;
  return toResponse(errorAnswer(error, status));
}

function picked(headers: Headers, names: readonly string[]): [string, string][] {
  return [...headers].filter(([name]) => names.includes(name));
}

/** Others cannot be passed on: `fetch` refuses some, and no request has them. */
function checkMethod(method: string): void {
  if (METHODS.includes(method)) return;
  throw new Refusal(STATUS_CODE.MethodNotAllowed, `Cannot take the request: no request has that method`);
}

function checkHeaders(headers: Headers, { most, bodyBytes }: { most: number; bodyBytes: number }): void {
  const bytes = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > most) throw new Refusal(431, `Cannot take the request: its headers are longer than ${most} bytes`);
  if (Number(headers.get("content-length") ?? 0) > bodyBytes) {
    throw new BodyRefused(`Cannot read the body of the request: it is longer than ${bodyBytes} bytes`);
  }
}

/** Whose share of the places a request takes: somebody with IPv6 has a whole /64 of addresses. */
function networkOf(address: string): string {
  const hostname = address.includes(":") ? URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) : undefined;
  if (hostname === undefined) return address;
  const [head = "", tail] = hostname.split("::");
  const [front, back] = [head, tail ?? ""].map((part) => part === "" ? [] : part.split(":"));
  const zeros = Array.from({ length: 8 - (front?.length ?? 0) - (back?.length ?? 0) }, () => "0");
  return [...front ?? [], ...zeros, ...back ?? []].slice(0, 4).join(":");
}

/** The address that Traefik saw: it drops what a client says, and adds its own at the end. */
function forwardedFor(headers: Headers): string {
  return clientAddress(headers.get("x-forwarded-for")?.split(",").at(-1)?.trim());
}
