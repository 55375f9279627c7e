// `GET /v1/keep?service=&scope=`, from the receiver to the gate only: which blobs of a service stay when the receiver
// makes room. It names only what came through the receiver. Answered in lines, the last of which says that nothing is
// missing: a list that was cut off would cost blobs that are needed.
import * as v from "valibot";
import { digest, serviceName } from "./fields.ts";
import { validate } from "./validate.ts";

export const KEEP_PATH = "/v1/keep";

/** Digests that one line has at most. */
export const KEEP_LINE_DIGESTS = 10_000;

const SCOPES = ["all", "live"] as const;
/** Blobs of all releases whose images are kept, or only of those that run or are on their way. */
export type KeepScope = typeof SCOPES[number];

export interface KeepRequest {
  readonly service: string;
  readonly scope: KeepScope;
}

export type KeepLine = { readonly kind: "keep"; readonly digests: readonly string[] } | { readonly kind: "end" };

const keepRequest: v.GenericSchema<unknown, KeepRequest> = v.strictObject({
  service: serviceName,
  scope: v.picklist(SCOPES),
});

const keepLine: v.GenericSchema<unknown, KeepLine> = v.variant("kind", [
  v.object({ kind: v.literal("keep"), digests: v.pipe(v.array(digest), v.maxLength(KEEP_LINE_DIGESTS)) }),
  v.object({ kind: v.literal("end") }),
]);

/** @throws {UsageError} naming the field and what is allowed */
export function parseKeepRequest(query: URLSearchParams): KeepRequest {
  return validate(keepRequest, Object.fromEntries(query), { what: "the question for the keep-list", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseKeepLine(json: unknown): KeepLine {
  return validate(keepLine, json, { what: "the keep-list", kind: "failed" });
}
