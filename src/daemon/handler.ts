import { STATUS_CODE } from "@std/http/status";
import { mayDo } from "../auth/roles.ts";
import { type Actor, actorName } from "../auth/actor.ts";
import { checkContentDigest } from "../auth/content_digest.ts";
import { AuthError, messageOf, MyPaasError, traceOf, UsageError } from "../error.ts";
import { CLIENT_ADDRESS_HEADER, clientAddress, isUserName, SSH_USER_HEADER } from "../wire/caller.ts";
import { MAX_BODY_BYTES, MAX_DEPLOY_BODY_BYTES, MAX_UNSIGNED_BODY_BYTES } from "../wire/limits.ts";
import { errorAnswer, jsonAnswer } from "../wire/error_body.ts";
import { type BodyLimits, BodyRefused, IncomingBody } from "../wire/incoming_body.ts";
import { KEEP_PATH, parseKeepRequest } from "../wire/keep.ts";
import { parseLoginRequest, parseServiceName } from "../wire/request_schemas.ts";
import { urlOfRequest } from "../wire/request_url.ts";
import { parseVerifyRequest, VERIFY_PATH, type VerifyAnswer } from "../wire/verify.ts";
import { parseJson } from "../wire/validate.ts";
import { senderVersion, skewHint, VERSION_HEADER } from "../wire/version.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import type { Door } from "./door.ts";
import { readOn, UNWANTED_BODY_MS } from "./gate_limits.ts";
import { keepLines, type KeepListParts } from "./blob_lists.ts";
import { authenticate, type AuthenticateParts } from "./authenticate.ts";
import { LackingHere } from "./manifests.ts";
import { inQuery } from "./route_row.ts";
import { API_ROUTES, hello } from "./routes.ts";
import type { Asked, Signer } from "./signer.ts";
import type { StandStill } from "./stand_still.ts";

export interface HandlerParts extends ApiParts, AuthenticateParts, KeepListParts {
  readonly audit: ApiParts["audit"];
  readonly keys: ApiParts["keys"];
  readonly store: ApiParts["store"];
  readonly signer: Signer;
  readonly standStill: Pick<StandStill, "lines">;
  /** Tells whoever runs the daemon about a bug. */
  readonly log: (line: string) => void;
}

/** Answers the requests of one socket. Over the gate nothing unsigned is done but `hello` and `login`. */
export function daemonHandler(parts: HandlerParts, door: Door): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await answerOrFailure(parts, request, door);
    response.headers.set(VERSION_HEADER, parts.version);
    return response;
  };
}

async function answerOrFailure(parts: HandlerParts, request: Request, door: Door): Promise<Response> {
  const state: RequestState = {};
  try {
    return await answer(parts, { request, door, state });
  } catch (error) {
    if (!(error instanceof MyPaasError)) {
      parts.log(traceOf(error));
    } else if (door === "gate" && !state.looked && !(error instanceof AuthError)) {
      noteOdd(parts, request, { error, actor: state.by ?? "unknown" });
    }
    return await parts.signer.signed(errorAnswer(error, statusOf(error)), state.asked);
  } finally {
    await readOn(request);
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof LackingHere) return STATUS_CODE.Conflict;
  return error instanceof BodyRefused ? STATUS_CODE.ContentTooLarge : undefined;
}

interface RequestState {
  asked?: Asked;
  /** Who signed it. */
  by?: string;
  /** Whether it came as far as to what is audited by its command. */
  looked?: boolean;
}

/** A line about what none of ours sends. Its path is no action: whoever invents paths would have a line for each. */
function noteOdd(
  { audit, now, log }: HandlerParts,
  { method, url, headers }: Request,
  { error, actor }: { readonly error: MyPaasError; readonly actor: string },
): void {
  const address = addressOf(headers, "gate");
  const subject = `${method} ${url.replace(/^[a-z]+:\/\/[^/]*/, "")}`.slice(0, 200);
  try {
    audit.refuse({
      at: now().toISOString(),
      actor,
      address,
      action: "a request that is not served",
      subject,
      result: error.message,
    });
  } catch (failure) {
    log(`audit: ${subject}: ${messageOf(failure)}`);
  }
}

async function answer(
  parts: HandlerParts,
  { request, door, state }: { readonly request: Request; readonly door: Door; readonly state: RequestState },
): Promise<Response> {
  const url = urlOfRequest(request);
  const address = addressOf(request.headers, door);
  const where = `${request.method} ${url.pathname}`;
  if (where === "GET /v1/hello") return Response.json(hello(parts));
  if (where === "POST /v1/login") {
    return Response.json(await parts.logins.login(parseLoginRequest(await readJson(request)), address));
  }
  if (where === "POST /v1/upgrade" && door === "local") {
    return await respond(parts.signer, { lines: parts.deploys.work.pause.lines(request.signal) }, undefined);
  }
  if (where === "POST /v1/still" && door === "local") {
    const lines = parts.standStill.lines(url.searchParams.getAll("service"), request.signal);
    return await respond(parts.signer, { lines }, undefined);
  }
  if (where === `POST ${VERIFY_PATH}` && door === "gate") return await verifyForReceiver(parts, request, address);
  if (where === `GET ${KEEP_PATH}` && door === "gate") {
    return await respond(parts.signer, { lines: keepLines(parts, parseKeepRequest(url.searchParams)) }, undefined);
  }
  const { route, params } = findRoute(request, url, { door, version: parts.version });
  const { actor, asked } = door === "local"
    ? { actor: localActor(request.headers), asked: undefined }
    : await authenticate(parts, {
      method: request.method,
      path: url.pathname,
      query: url.search,
      headers: request.headers,
      // Over a socket every request but GET comes with a body, an empty one if need be.
      bodyDigest: request.method !== "GET" && route.streamedBody !== true,
      address,
    });
  state.asked = asked;
  state.by = actorName(actor);
  const service = route.service && serviceNamed(route.service({ params, query: url.searchParams }), `answer ${where}`);
  state.looked = true;
  const result = await audited(parts, { route, actor, service, address }, async () => {
    mayDo(actor, route.command, service);
    const body = route.streamedBody === true ? NO_BODY : await readBody(request, { door, route });
    const call: Call = { actor, params, query: url.searchParams, takeBody: body.take, request, door };
    try {
      if (!route.audited || service === undefined) return await route.run(call, parts);
      return await parts.deploys.work.pause.enter(`${route.command} of "${service}"`, () => route.run(call, parts));
    } finally {
      if (body.bytes > LARGE_BODY_BYTES) parts.freeMemory();
    }
  });
  return await respond(parts.signer, result, asked);
}

/** Where a request came from, for the audit: a receiver that was taken over may say anything. */
function addressOf(headers: Headers, door: Door): string {
  const told = headers.get(CLIENT_ADDRESS_HEADER);
  return told === null && door === "local" ? "local" : clientAddress(told ?? undefined);
}

/** Over the daemon's own socket all are root; `mypaas relay` says who came in over ssh. */
function localActor(headers: Headers): Actor {
  const user = headers.get(SSH_USER_HEADER);
  return { kind: "local", name: user === null || !isUserName(user) ? "root@local" : `${user}@ssh` };
}

/**
 * What a request is about. It goes into the audit and into sentences, so it is a name also where nothing has that name.
 *
 * @param cannot completes "Cannot ..."
 */
function serviceNamed(name: string | undefined, cannot: string): string {
  if (name === undefined) throw new UsageError(`Cannot ${cannot}: it does not name a service`);
  return parseServiceName(name);
}

function findRoute(
  { method, headers }: Request,
  { pathname }: URL,
  { door, version }: { readonly door: Door; readonly version: string },
) {
  const here = API_ROUTES.filter((route) => route.doors.includes(door) && route.path.test({ pathname }));
  const route = here.find((candidate) => candidate.method === method);
  if (route === undefined) {
    throw new UsageError(`Cannot answer ${method} ${pathname.slice(0, 200)}: this server does not know it`, {
      hint: skewHint({ client: senderVersion(headers), server: version }) ??
        "Compare the versions: mypaas version --server NAME.",
      skew: true,
    });
  }
  return { route, params: route.path.exec({ pathname })?.pathname.groups ?? {} };
}

/** The receiver asks whether an upload may go on: same signature, same roles, the body is looked at by the receiver. */
async function verifyForReceiver(parts: HandlerParts, request: Request, address: string): Promise<Response> {
  const asked = parseVerifyRequest(await readJson(request));
  const command = asked.path === "/v1/missing" ? "missing" : asked.path === "/v1/blobs" ? "blobs" : undefined;
  if (command === undefined) throw new UsageError(`Cannot verify ${asked.path}: the receiver does not serve it`);
  const { actor } = await authenticate(parts, {
    method: asked.method,
    path: asked.path,
    query: asked.query,
    headers: new Headers(asked.headers),
    bodyDigest: command === "missing",
    address,
  });
  const service = serviceNamed(inQuery({ query: new URLSearchParams(asked.query) }), `verify ${asked.path}`);
  const route = { command, audited: false } as const;
  const result = await audited(parts, { route, actor, service, address }, () => {
    mayDo(actor, command, service);
    const damaged = command === "missing" ? parts.sources.gate.damaged(service) : [];
    return { json: { service, ...damaged.length > 0 && { damaged } } satisfies VerifyAnswer };
  });
  return await respond(parts.signer, result, undefined);
}

/** Writes one audit line for every refusal, and for what was done or failed where the route asks for it. */
async function audited(
  { audit, now, log }: Pick<HandlerParts, "audit" | "now" | "log">,
  { route, actor, service, address }: {
    readonly route: Pick<ApiRoute, "command" | "audited">;
    readonly actor: Actor;
    readonly service: string | undefined;
    readonly address: string;
  },
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const line = {
    at: now().toISOString(),
    actor: actorName(actor),
    address,
    action: route.command,
    subject: service ?? "",
  };
  // What was done is done: the answer says so, also when the disk takes no line about it.
  const note = (write: () => void) => {
    try {
      write();
    } catch (error) {
      log(`audit: ${line.actor} ${line.action} ${line.subject}: ${messageOf(error)}`);
    }
  };
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    const refused = { ...line, result: messageOf(error) };
    if (error instanceof AuthError) note(() => audit.refuse(refused));
    else if (route.audited) note(() => audit.write(refused));
    throw error;
  }
  const subject = "subject" in result ? result.subject : undefined;
  if (route.audited) note(() => audit.write({ ...line, subject: subject ?? line.subject, result: "ok" }));
  return result;
}

async function respond(signer: Signer, result: Result, asked: Asked): Promise<Response> {
  if ("response" in result) return result.response;
  if ("json" in result) return await signer.signed(jsonAnswer(result.json), asked);
  return new Response(signer.lines(result.lines, asked), { headers: { "content-type": "application/x-ndjson" } });
}

/** A body that was read, and is parsed when it is taken. */
interface Body {
  readonly bytes: number;
  readonly take: Call["takeBody"];
}

/** How long a body may take, in milliseconds: the receiver gives it less. Over ssh it comes as slowly as the line is. */
const BODY_MS: Readonly<Record<Door, number>> = { gate: 150_000, local: 15 * 60_000 };
const NO_BODY: Body = { bytes: 0, take: () => undefined };
/** To parse so much takes some ten times that for a moment. */
const LARGE_BODY_BYTES = 1 << 20;

async function readBody(
  request: Request,
  { door, route }: { readonly door: Door; readonly route: Pick<ApiRoute, "command"> },
): Promise<Body> {
  if (request.body === null) return NO_BODY;
  const most = route.command === "deploy" ? MAX_DEPLOY_BODY_BYTES : MAX_BODY_BYTES;
  let bytes = await readBytes(request, { bytes: most, ms: BODY_MS[door] });
  if (door === "gate") await checkContentDigest(bytes, request.headers.get("content-digest"));
  const take = () => {
    const taken = bytes;
    bytes = new Uint8Array();
    return taken.length === 0 ? undefined : parseJson(taken, "the request");
  };
  return { bytes: bytes.length, take };
}

/** Of a request that nobody has signed. */
async function readJson(request: Request): Promise<unknown> {
  return parseJson(await readBytes(request, { bytes: MAX_UNSIGNED_BODY_BYTES, ms: BODY_MS.gate }), "the request");
}

async function readBytes({ body }: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array();
  const incoming = new IncomingBody(body, limits);
  try {
    return await incoming.whole();
  } finally {
    await incoming.drain(UNWANTED_BODY_MS);
  }
}
