import * as v from "valibot";
import { count, isoTime, orUndefined, wholeNumber } from "./fields.ts";
import { validate } from "./validate.ts";

/** One row of `GET /v1/services/{service}/releases`, the newest first. */
export interface ReleaseSummary {
  readonly release: number;
  readonly status: "pending" | "live" | "retired" | "failed" | "interrupted" | "cancelled";
  /** What it was made for, in a few words: `deploy`, `rollback to 3`, `env KEY`. */
  readonly what: string;
  /** Who asked for it. */
  readonly by: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** When it was live, or had failed. */
  readonly endedAt: string | undefined;
  /** The step that is being done. */
  readonly step: string | undefined;
  /** The sentence of the failure. */
  readonly error: string | undefined;
}

/** `POST /v1/services/{service}/rollback` */
export interface RollbackRequest {
  /** The one before the live one when it is not given. */
  readonly release?: number | undefined;
}

/** `POST /v1/services/{service}/scale` */
export interface ScaleRequest {
  readonly scale: number;
}

/** `POST /v1/services/{service}/cancel` */
export interface CancelRequest {
  /** `<service>.<release>`; all that are not live yet when it is not given. */
  readonly deploy?: string | undefined;
}
export interface CancelAnswer {
  readonly cancelled: readonly string[];
}

const release = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const rollbackRequest: v.GenericSchema<unknown, RollbackRequest> = v.strictObject({ release: v.optional(release) });
const scaleRequest: v.GenericSchema<unknown, ScaleRequest> = v.strictObject({ scale: count });
const cancelRequest: v.GenericSchema<unknown, CancelRequest> = v.strictObject({ deploy: v.optional(v.string()) });
const cancelAnswer: v.GenericSchema<unknown, CancelAnswer> = v.object({ cancelled: v.array(v.string()) });
const releaseSummary: v.GenericSchema<unknown, ReleaseSummary> = v.object({
  release,
  status: v.picklist(["pending", "live", "retired", "failed", "interrupted", "cancelled"]),
  what: v.string(),
  by: v.string(),
  createdAt: isoTime,
  endedAt: orUndefined(isoTime),
  step: orUndefined(v.string()),
  error: orUndefined(v.string()),
});

/** @throws {UsageError} naming the field and what is allowed */
export function parseRollbackRequest(json: unknown): RollbackRequest {
  return validate(rollbackRequest, json, { what: "the rollback request", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseScaleRequest(json: unknown): ScaleRequest {
  return validate(scaleRequest, json, { what: "the scale request", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseCancelRequest(json: unknown): CancelRequest {
  return validate(cancelRequest, json, { what: "the cancel request", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseCancelAnswer(json: unknown): CancelAnswer {
  return validate(cancelAnswer, json, { what: "the answer of the server", kind: "failed" });
}

/** The answer of `GET /v1/services/{service}/releases`. @throws {MyPaasError} naming the field that is wrong */
export function parseReleases(json: unknown): readonly ReleaseSummary[] {
  return validate(v.array(releaseSummary), json, { what: "the answer of the server", kind: "failed" });
}
