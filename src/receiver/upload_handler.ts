import { STATUS_CODE } from "@std/http/status";
import type { BlobStore } from "../archive/blobs.ts";
import { checkQuotas, type Quotas } from "../archive/quotas.ts";
import { MyPaasError, NotWrittenError, UsageError } from "../error.ts";
import { errorAnswer, jsonAnswer, toResponse } from "../wire/error_body.ts";
import { decodeFrames, type Frame } from "../wire/frames.ts";
import { MAX_BODY_BYTES, MAX_CHUNK_BYTES } from "../wire/limits.ts";
import { parseMissingRequest } from "../wire/request_schemas.ts";
import type { BlobsAnswer, MissingAnswer } from "../wire/requests.ts";
import { parseJson } from "../wire/validate.ts";
import { Batches, type BatchParts, type BatchWriter } from "./batches.ts";
import { BodyRefused, IncomingBody } from "../wire/incoming_body.ts";

export interface UploadLimits {
  /** Body of one `PUT /v1/blobs`. */
  readonly putBytes: number;
  /** The same after decompression. */
  readonly putContentBytes: number;
  /** How long a body may take. */
  readonly bodyMs: number;
}

export const UPLOAD_LIMITS: UploadLimits = { putBytes: 32 << 20, putContentBytes: 64 << 20, bodyMs: 60_000 };

export interface UploadParts extends BatchParts {
  readonly store: BlobStore;
  readonly quotas: Quotas;
  /** SHA-256, 64 lower-case hex digits. */
  readonly digest: (content: Uint8Array) => string;
  /** Takes a zstd frame apart; throws a MyPaasError when it is none or holds more than `limit` bytes. */
  readonly decompress: (frame: Uint8Array, limit: number) => Uint8Array<ArrayBuffer>;
  readonly limits: UploadLimits;
}

/** What the caller of an upload knows more than the request says. */
export interface KnownOfUpload {
  /** The request's, when the caller has begun to read it. */
  readonly body?: IncomingBody | undefined;
  /** Digests of stored blobs that count as missing. */
  readonly damaged?: readonly string[] | undefined;
}

/** Answers an upload to one service; the caller has verified that it is allowed. */
export type UploadHandler = (request: Request, service: string, known?: KnownOfUpload) => Promise<Response>;

/** Too much of something that may be asked for. */
class TooMuch extends UsageError {}

/**
 * Handles `POST /v1/missing` and `PUT /v1/blobs`. A blob is stored when its content has the SHA-256 that is its name, a few
 * at a time as they arrive, so what came before a failure stays.
 */
export function uploadHandler(parts: UploadParts): UploadHandler {
  const { limits } = parts;
  const batches = new Batches(parts);
  return async (request, service, { body: given, damaged = [] } = {}) => {
    const bytes = request.method === "PUT" ? limits.putBytes : MAX_BODY_BYTES;
    const body = given ??
      (request.body === null ? undefined : new IncomingBody(request.body, { bytes, ms: limits.bodyMs }));
    try {
      switch (`${request.method} ${new URL(request.url).pathname}`) {
        case "POST /v1/missing":
          return toResponse(
            jsonAnswer(await missing(parts, { service, damaged }, await body?.whole() ?? new Uint8Array())),
          );
        case "PUT /v1/blobs":
          return toResponse(jsonAnswer(await storeBlobs(parts, batches.open(service), body)));
      }
      throw new Error(`${request.method} ${request.url} is no upload`);
    } catch (error) {
      if (!(error instanceof MyPaasError)) throw error;
      return toResponse(errorAnswer(error, statusOf(error)));
    } finally {
      await body?.drain();
    }
  };
}

function statusOf(error: MyPaasError): number | undefined {
  if (error instanceof TooMuch || error instanceof BodyRefused) return STATUS_CODE.ContentTooLarge;
  return error instanceof NotWrittenError ? STATUS_CODE.InsufficientStorage : undefined;
}

async function missing(
  { store, quotas }: Pick<UploadParts, "store" | "quotas">,
  { service, damaged }: { readonly service: string; readonly damaged: readonly string[] },
  body: Uint8Array<ArrayBuffer>,
): Promise<MissingAnswer> {
  const { digests, context } = parseMissingRequest(parseJson(body, "the list of digests"));
  if (context !== undefined) checkQuotas(context, quotas, `Cannot push "${service}"`);
  const lacking = await store.lacking(service, digests);
  return { missing: [...new Set([...lacking, ...damaged.filter((digest) => digests.includes(digest))])] };
}

async function storeBlobs(
  { digest, decompress, limits }: UploadParts,
  writer: BatchWriter,
  body: IncomingBody | undefined,
): Promise<BlobsAnswer> {
  let contentBytes = 0;
  try {
    for await (const frame of body === undefined ? [] : decodeFrames(body.parts())) {
      const content = contentOf(frame, decompress);
      contentBytes += content.length;
      if (contentBytes > limits.putContentBytes) {
        throw new TooMuch(`Cannot store the blobs: one request may hold ${limits.putContentBytes} bytes of content`);
      }
      if (digest(content) !== frame.digest) {
        throw new UsageError(`Cannot store the blob "${frame.digest}": its content has another SHA-256`);
      }
      await writer.add({ digest: frame.digest, content });
    }
  } catch (error) {
    // What arrived before a failure stays.
    await writer.close();
    throw error;
  }
  return { stored: await writer.close() };
}

function contentOf({ digest, encoding, payload }: Frame, decompress: UploadParts["decompress"]): Uint8Array {
  if (encoding === "zstd") {
    try {
      return decompress(payload, MAX_CHUNK_BYTES);
    } catch (cause) {
      if (!(cause instanceof MyPaasError)) throw cause;
      throw new UsageError(`Cannot store the blob "${digest}": ${cause.message}`, { cause });
    }
  }
  if (payload.length <= MAX_CHUNK_BYTES) return payload;
  throw new TooMuch(`Cannot store the blob "${digest}": it is longer than ${MAX_CHUNK_BYTES} bytes`);
}
