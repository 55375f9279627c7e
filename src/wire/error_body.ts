// A failure as an answer over HTTP: {"error": WireError} and a status, and back.
import { STATUS_CODE } from "@std/http/status";
import * as v from "valibot";
import { errorOfKind, type FailureKind, MyPaasError } from "../error.ts";
import { wireError } from "./event_schemas.ts";
import type { WireError } from "./events.ts";

/** The status of a kind where the caller knows nothing more exact. */
const STATUS: Readonly<Record<FailureKind, number>> = {
  usage: STATUS_CODE.BadRequest,
  auth: STATUS_CODE.Unauthorized,
  build: STATUS_CODE.UnprocessableEntity,
  notReady: STATUS_CODE.UnprocessableEntity,
  failed: STATUS_CODE.InternalServerError,
};

/** Characters of what something else calls itself. */
const MAX_NAME = 100;

/** How much of a refusal is read, in bytes. */
const MAX_ERROR_BYTES = 1 << 20;

const errorBody = v.object({ error: wireError });

/** An answer before it is sent, so that it can be signed (`src/auth/proof.ts`). */
export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A failure as it travels. What is not a MyPaasError is our bug, and keeps its words to itself. */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof MyPaasError)) {
    return { kind: "failed", message: "Cannot answer: the server has a bug, its log says more" };
  }
  const { kind, message, hint, details, skew } = error;
  return {
    kind,
    message,
    ...hint !== undefined && { hint },
    ...details.length > 0 && { details },
    ...skew && { skew },
  };
}

/** Makes the error that `toWireError` wrote down. */
export function fromWireError({ kind, message, hint, details, skew }: WireError): MyPaasError {
  return errorOfKind(kind, message, { hint, details, skew });
}

/** A value as an answer in JSON. */
export function jsonAnswer(value: unknown, status: number = STATUS_CODE.OK): Answer {
  return { status, contentType: "application/json", body: new TextEncoder().encode(JSON.stringify(value)) };
}

/**
 * The answer for a failure.
 *
 * @param status where it says more than the kind does: 404, 409, 413, 503, ...
 */
export function errorAnswer(error: unknown, status?: number): Answer {
  const wire = toWireError(error);
  return jsonAnswer({ error: wire }, status ?? STATUS[wire.kind]);
}

/** The answer as a Response, with more headers if wanted. */
export function toResponse({ status, contentType, body }: Answer, headers: HeadersInit = {}): Response {
  const all = new Headers(headers);
  if (contentType !== null) all.set("content-type", contentType);
  return new Response(body, { status, headers: all });
}

/** The failure that an answer tells; a sentence of our own when something in between answered, with what it calls itself. */
export function errorOfAnswer(answer: Answer & { readonly headers?: Headers }): MyPaasError {
  const text = new TextDecoder().decode(answer.body);
  const told = errorOfText(text);
  if (told !== undefined) return told;
  const { status } = answer;
  if (status === STATUS_CODE.TooManyRequests) {
    return new MyPaasError("Cannot ask the server: too many requests came from this address", {
      hint: "Try again in a minute.",
    });
  }
  const type = answer.contentType?.split(";")[0]?.trim() || "no content type";
  const to = status >= 300 && status < 400 ? answer.headers?.get("location") : undefined;
  const title = type === "text/html" ? titleOf(text) : undefined;
  const named = [...to ? [`to "${to.slice(0, MAX_NAME)}"`] : [`with ${type}`], ...title ? [`"${title}"`] : []].join(
    " ",
  );
  return new MyPaasError(`Cannot understand the answer: status ${status} ${named}, not from MyPaas`, {
    hint: "Check the address of the server, and what is in between: a proxy, or a network that wants a login first.",
    skew: true,
  });
}

/** The title of a page in HTML. */
function titleOf(html: string): string | undefined {
  const [, title] = /<title[^>]*>([^<]*)/i.exec(html.slice(0, 1 << 16)) ?? [];
  return title?.replace(/\s+/g, " ").trim().slice(0, MAX_NAME);
}

/** The failure that a text tells, as an answer does or a command with `--json`; undefined when it tells none. */
export function errorOfText(text: string): MyPaasError | undefined {
  try {
    const parsed = v.safeParse(errorBody, JSON.parse(text));
    return parsed.success ? fromWireError(parsed.output.error) : undefined;
  } catch {
    return undefined;
  }
}

/** The failure that a response tells, as `errorOfAnswer`. Reads its body, at most 1 MiB of it. */
export async function errorOfResponse(response: Response): Promise<MyPaasError> {
  const body = await readAtMost(response.body, MAX_ERROR_BYTES);
  return errorOfAnswer({ status: response.status, contentType: response.headers.get("content-type"), body });
}

async function readAtMost(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let left = limit;
  for await (const part of body ?? []) {
    parts.push(part.subarray(0, left));
    left -= part.length;
    if (left <= 0) break;
  }
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
