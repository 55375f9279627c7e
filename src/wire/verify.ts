// `POST /v1/verify`, from the receiver to the gate only: may a request whose body the receiver keeps go on?
import * as v from "valibot";
import { serviceName } from "./fields.ts";
import { validate } from "./validate.ts";

export const VERIFY_PATH = "/v1/verify";

/** What of a request was signed, as it came to the receiver. */
export interface VerifyRequest {
  readonly method: string;
  /** As `URL.pathname` has it. */
  readonly path: string;
  /** Empty, or with its `?`, as `URL.search` has it. */
  readonly query: string;
  /** Names in lower case; only those that a signature covers, and the signature's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The gate's yes. */
export interface VerifyAnswer {
  /** Where the blobs belong. */
  readonly service: string;
}

const verifyRequest: v.GenericSchema<unknown, VerifyRequest> = v.strictObject({
  method: v.string(),
  path: v.pipe(v.string(), v.startsWith("/v1/", 'must begin with "/v1/"')),
  query: v.string(),
  headers: v.record(v.string(), v.string()),
});

const verifyAnswer: v.GenericSchema<unknown, VerifyAnswer> = v.object({ service: serviceName });

/** @throws {UsageError} naming the field and what is allowed */
export function parseVerifyRequest(json: unknown): VerifyRequest {
  return validate(verifyRequest, json, { what: "the request to verify", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseVerifyAnswer(json: unknown): VerifyAnswer {
  return validate(verifyAnswer, json, { what: "the answer of the gate", kind: "failed" });
}
