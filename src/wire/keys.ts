import * as v from "valibot";
import { keySummary } from "./answer_schemas.ts";
import { count, hex, keyName, publicKey, role, scope, signature } from "./fields.ts";
import type { KeySummary } from "./requests.ts";
import type { Role } from "./role.ts";
import { validate } from "./validate.ts";

/** `POST /v1/keys` */
export interface AddKeyRequest {
  readonly name: string;
  /** Raw ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly role: Role;
  /** Names of services; `*` for all. */
  readonly scope: readonly string[];
}
export interface AddKeyAnswer {
  readonly key: KeySummary;
  /** The value of MYPAAS_SERVER for a machine that is not logged in. */
  readonly server: string;
}

/** `DELETE /v1/keys/{id}` */
export interface RevokeKeyAnswer {
  readonly id: string;
  readonly name: string;
  /** Whether it is the key of who asks. */
  readonly own: boolean;
  /** How many keys are left that may do all there is. */
  readonly admins: number;
}

/** `POST /v1/keys/{id}/name` */
export interface RenameKeyRequest {
  readonly name: string;
}

/** `POST /v1/keys/rotate`, signed with the key that goes; see `src/auth/rotation.ts`. */
export interface RotateKeyRequest {
  /** Raw ed25519 public key, base64url. */
  readonly publicKey: string;
  /** Ed25519, base64url: who asks has the private key. */
  readonly signature: string;
}

// Requests are strict, answers open, as everywhere.

const addKeyRequest: v.GenericSchema<unknown, AddKeyRequest> = v.strictObject({
  name: keyName,
  publicKey,
  role,
  scope,
});
const renameKeyRequest: v.GenericSchema<unknown, RenameKeyRequest> = v.strictObject({ name: keyName });
const rotateKeyRequest: v.GenericSchema<unknown, RotateKeyRequest> = v.strictObject({ publicKey, signature });
const addKeyAnswer: v.GenericSchema<unknown, AddKeyAnswer> = v.object({ key: keySummary, server: v.string() });
const revokeKeyAnswer: v.GenericSchema<unknown, RevokeKeyAnswer> = v.object({
  id: hex(8),
  name: keyName,
  own: v.boolean(),
  admins: count,
});

/** @throws {UsageError} naming the field and what is allowed */
export function parseAddKeyRequest(json: unknown): AddKeyRequest {
  return validate(addKeyRequest, json, { what: "the request to add a key", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseRenameKeyRequest(json: unknown): RenameKeyRequest {
  return validate(renameKeyRequest, json, { what: "the request to rename a key", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseRotateKeyRequest(json: unknown): RotateKeyRequest {
  return validate(rotateKeyRequest, json, { what: "the request to rotate a key", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseAddKeyAnswer(json: unknown): AddKeyAnswer {
  return validate(addKeyAnswer, json, { what: "the answer of the server", kind: "failed" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseRevokeKeyAnswer(json: unknown): RevokeKeyAnswer {
  return validate(revokeKeyAnswer, json, { what: "the answer of the server", kind: "failed" });
}

/** The answer of a rename and of a rotation. @throws {MyPaasError} naming the field that is wrong */
export function parseKey(json: unknown): KeySummary {
  return validate(keySummary, json, { what: "the answer of the server", kind: "failed" });
}
