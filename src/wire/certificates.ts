import * as v from "valibot";
import { isoTime } from "./fields.ts";
import { validate } from "./validate.ts";

/**
 * How it stands with the certificate of a domain.
 *
 * - `valid`: it is used, until `notAfter`; Traefik renews it before
 * - `ordered`: the authority was asked for it
 * - `looking`: it was not looked at yet
 * - `pending`: there is none, for `reason`; the server looks again by itself
 */
export interface CertificateSummary {
  readonly domain: string;
  readonly state: "valid" | "ordered" | "looking" | "pending";
  /** ISO 8601. */
  readonly notAfter?: string | undefined;
  /** A sentence. */
  readonly reason?: string | undefined;
}

export const certificateSummary: v.GenericSchema<unknown, CertificateSummary> = v.object({
  domain: v.string(),
  state: v.picklist(["valid", "ordered", "looking", "pending"]),
  notAfter: v.optional(isoTime),
  reason: v.optional(v.string()),
});

/** The answer of `POST /v1/certificates`, which looks again at those that are not there: a list. @throws {MyPaasError} naming the field that is wrong */
export function parseCertificates(json: unknown): readonly CertificateSummary[] {
  return validate(v.array(certificateSummary), json, { what: "the answer of the server", kind: "failed" });
}
