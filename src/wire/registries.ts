import * as v from "valibot";
import { isoTime } from "./fields.ts";
import { validate } from "./validate.ts";

/** `POST /v1/registries`: logs the server in. */
export interface RegistryLogin {
  /** Such as `ghcr.io`. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** `GET /v1/registries`: what the server is logged in to; never the password. */
export interface RegistrySummary {
  readonly host: string;
  readonly username: string;
  /** Who logged it in. */
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Bytes of a password in UTF-8; tokens of cloud providers have some thousands. */
export const MAX_REGISTRY_PASSWORD_BYTES = 16 << 10;

const registryLogin: v.GenericSchema<unknown, RegistryLogin> = v.strictObject({
  host: v.pipe(v.string(), v.maxLength(260, "must be the host of a registry")),
  username: v.pipe(
    v.string(),
    v.regex(/^[^\p{Cc}:]{1,256}$/u, "must be 1 to 256 characters without a colon or a control character"),
  ),
  password: v.pipe(
    v.string(),
    v.minLength(1, "must not be empty"),
    v.maxBytes(MAX_REGISTRY_PASSWORD_BYTES, `must be at most ${MAX_REGISTRY_PASSWORD_BYTES} bytes`),
  ),
});

const registrySummary: v.GenericSchema<unknown, RegistrySummary> = v.object({
  host: v.string(),
  username: v.string(),
  by: v.string(),
  at: isoTime,
});

/** @throws {UsageError} naming the field and what is allowed, never the password */
export function parseRegistryLogin(json: unknown): RegistryLogin {
  return validate(registryLogin, json, { what: "the login to a registry", kind: "usage" });
}

/** Reads the answer of `GET /v1/registries`. @throws {MyPaasError} naming the field that is wrong */
export function parseRegistries(json: unknown): readonly RegistrySummary[] {
  return validate(v.array(registrySummary), json, { what: "the answer of the server", kind: "failed" });
}
