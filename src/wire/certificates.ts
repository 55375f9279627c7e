import * as v from "valibot";
import { isoTime } from "./fields.ts";

/**
 * How it stands with the certificate of a domain.
 *
 * - `valid`: it is used, until `notAfter`; Traefik renews it before
 * - `ordered`: the authority was asked for it
 * - `pending`: there is none, for `reason`; the server looks again by itself
 */
export interface CertificateSummary {
  readonly domain: string;
  readonly state: "valid" | "ordered" | "pending";
  /** ISO 8601. */
  readonly notAfter?: string | undefined;
  /** A sentence. */
  readonly reason?: string | undefined;
}

export const certificateSummary: v.GenericSchema<unknown, CertificateSummary> = v.object({
  domain: v.string(),
  state: v.picklist(["valid", "ordered", "pending"]),
  notAfter: v.optional(isoTime),
  reason: v.optional(v.string()),
});
