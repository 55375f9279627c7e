// `POST /v1/verify`, from the receiver to the gate only: may a request whose body the receiver keeps go on?
import * as v from "valibot";
import { digest, serviceName } from "./fields.ts";
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
  /** Digests of stored blobs of it that are not what their names say: they count as missing. */
  readonly damaged?: readonly string[] | undefined;
}

const headerName = v.pipe(v.string(), v.regex(/^[a-z-]{1,40}$/, "must be the name of a header"));
const header = v.pipe(v.string(), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be the value of a header"));

/** Whoever asks may be anybody, so nothing is taken that the signature and the answer could read in two ways. */
const verifyRequest: v.GenericSchema<unknown, VerifyRequest> = v.pipe(
  v.strictObject({
    method: v.pipe(v.string(), v.regex(/^[A-Z]{1,20}$/, "must be a method in capitals")),
    path: v.pipe(v.string(), v.startsWith("/v1/", 'must begin with "/v1/"')),
    query: v.string(),
    headers: v.record(headerName, header),
  }),
  v.check(({ path, query }) => {
    const url = URL.parse(`http://mypaas${path}${query}`);
    return url !== null && url.pathname === path && url.search === query && url.hash === "";
  }, "must have path and query as a URL has them"),
);

const verifyAnswer: v.GenericSchema<unknown, VerifyAnswer> = v.object({
  service: serviceName,
  damaged: v.optional(v.array(digest)),
});

/** @throws {UsageError} naming the field and what is allowed */
export function parseVerifyRequest(json: unknown): VerifyRequest {
  return validate(verifyRequest, json, { what: "the request to verify", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseVerifyAnswer(json: unknown): VerifyAnswer {
  return validate(verifyAnswer, json, { what: "the answer of the gate", kind: "failed" });
}
