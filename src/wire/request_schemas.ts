import * as v from "valibot";
import { count, digest, hex, keyName, publicKey, role, scope, serviceName, signature } from "./fields.ts";
import { MAX_MISSING_DIGESTS } from "./limits.ts";
import type { Manifest } from "./manifest.ts";
import { checkManifest, manifest } from "./manifest_schema.ts";
import type { InviteRequest, LoginRequest, MissingRequest } from "./requests.ts";
import { validate } from "./validate.ts";

// Requests are strict: a field that this server does not know is refused, never ignored.

const loginRequest: v.GenericSchema<unknown, LoginRequest> = v.strictObject({
  invite: hex(8),
  publicKey,
  nonce: hex(16),
  proof: hex(32),
  signature,
});

const missingRequest: v.GenericSchema<unknown, MissingRequest> = v.strictObject({
  digests: v.pipe(
    v.array(digest),
    v.maxLength(MAX_MISSING_DIGESTS, `must have at most ${MAX_MISSING_DIGESTS} digests`),
  ),
  context: v.optional(v.strictObject({ files: count, bytes: count })),
});

const inviteRequest: v.GenericSchema<unknown, InviteRequest> = v.strictObject({ name: keyName, role, scope });

/** @throws {UsageError} naming the field and what is allowed */
export function parseLoginRequest(json: unknown): LoginRequest {
  return validate(loginRequest, json, { what: "the login request", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseMissingRequest(json: unknown): MissingRequest {
  return validate(missingRequest, json, { what: "the list of digests", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseManifest(json: unknown): Manifest {
  const parsed = validate(manifest, json, { what: "the manifest", kind: "usage" });
  checkManifest(parsed);
  return parsed;
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseInviteRequest(json: unknown): InviteRequest {
  return validate(inviteRequest, json, { what: "the invite request", kind: "usage" });
}

/**
 * Checks the name of a service that came in a path or a query.
 *
 * @throws {UsageError} when it cannot be one
 */
export function parseServiceName(name: unknown): string {
  return validate(serviceName, name, { what: "the name of the service", kind: "usage" });
}
