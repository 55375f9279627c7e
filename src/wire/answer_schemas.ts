import * as v from "valibot";
import { certificateSummary } from "./certificates.ts";
import { count, digest, hex, isoTime, keyName, orUndefined, role, scope } from "./fields.ts";
import type {
  BlobsAnswer,
  HelloAnswer,
  InviteAnswer,
  KeySummary,
  LoginAnswer,
  MissingAnswer,
  ServiceSummary,
} from "./requests.ts";
import { validate } from "./validate.ts";

// Answers are open: a newer server may say more than this client knows.

const helloAnswer: v.GenericSchema<unknown, HelloAnswer> = v.object({
  serverId: hex(16),
  version: v.string(),
  time: isoTime,
});

const loginAnswer: v.GenericSchema<unknown, LoginAnswer> = v.object({
  key: hex(8),
  name: keyName,
  role,
  scope,
  proof: hex(32),
});

const missingAnswer: v.GenericSchema<unknown, MissingAnswer> = v.object({ missing: v.array(digest) });

const blobsAnswer: v.GenericSchema<unknown, BlobsAnswer> = v.object({ stored: count });

const serviceSummary: v.GenericSchema<unknown, ServiceSummary> = v.object({
  service: v.string(),
  release: orUndefined(count),
  status: v.picklist(["live", "deploying", "down", "stopped", "failed"]),
  domains: v.array(v.string()),
  urls: v.array(v.string()),
  scale: count,
  replicas: v.array(v.object({ name: v.string(), status: v.string(), health: v.string(), restarts: count })),
  // A server of an earlier version does not tell.
  certificates: v.optional(v.array(certificateSummary), []),
  since: orUndefined(isoTime),
  lastFailure: orUndefined(v.object({ release: count, status: v.string(), error: v.string() })),
});

const inviteAnswer: v.GenericSchema<unknown, InviteAnswer> = v.object({
  id: hex(8),
  line: v.string(),
  expiresAt: isoTime,
});

export const keySummary: v.GenericSchema<unknown, KeySummary> = v.object({
  id: hex(8),
  name: keyName,
  role,
  scope,
  createdAt: isoTime,
  revokedAt: orUndefined(isoTime),
});

/** @throws {MyPaasError} naming the field that is wrong */
export function parseHelloAnswer(json: unknown): HelloAnswer {
  return validateAnswer(helloAnswer, json);
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseLoginAnswer(json: unknown): LoginAnswer {
  return validateAnswer(loginAnswer, json);
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseMissingAnswer(json: unknown): MissingAnswer {
  return validateAnswer(missingAnswer, json);
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseBlobsAnswer(json: unknown): BlobsAnswer {
  return validateAnswer(blobsAnswer, json);
}

/** The answer of `GET /v1/services`: a list. @throws {MyPaasError} naming the field that is wrong */
export function parseServices(json: unknown): readonly ServiceSummary[] {
  return validateAnswer(v.array(serviceSummary), json);
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseInviteAnswer(json: unknown): InviteAnswer {
  return validateAnswer(inviteAnswer, json);
}

/** The answer of `GET /v1/keys`: a list. @throws {MyPaasError} naming the field that is wrong */
export function parseKeys(json: unknown): readonly KeySummary[] {
  return validateAnswer(v.array(keySummary), json);
}

function validateAnswer<T>(schema: v.GenericSchema<unknown, T>, json: unknown): T {
  return validate(schema, json, { what: "the answer of the server", kind: "failed" });
}
