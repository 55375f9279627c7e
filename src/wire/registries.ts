import * as v from "valibot";
import { isoTime, publicKey } from "./fields.ts";
import { type SealedValue, sealedValue } from "./sealed.ts";
import { validate } from "./validate.ts";

/** `GET /v1/registries`: what the server is logged in to, and what is needed to seal a password for it. */
export interface RegistriesAnswer {
  readonly serverId: string;
  /** Raw X25519 public key of the daemon, base64url. */
  readonly sealingKey: string;
  /** In the order of hosts. */
  readonly registries: readonly RegistrySummary[];
}

/** A registry that the server is logged in to; never the password. */
export interface RegistrySummary {
  readonly host: string;
  readonly username: string;
  /** Who logged it in. */
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}

/** `POST /v1/registries`: logs the server in. */
export interface RegistryLoginRequest {
  /** Such as `images.example.org`. */
  readonly host: string;
  readonly username: string;
  /** Sealed for `registryContext`. */
  readonly password: SealedValue;
}

/** Bytes of a password in UTF-8; tokens of cloud providers have some thousands. */
export const MAX_REGISTRY_PASSWORD_BYTES = 16 << 10;

/** What a sealed password is bound to. */
export function registryContext(
  serverId: string,
  { host, username }: Pick<RegistryLoginRequest, "host" | "username">,
): readonly string[] {
  return ["registry", serverId, host, username];
}

const registryLoginRequest: v.GenericSchema<unknown, RegistryLoginRequest> = v.strictObject({
  host: v.pipe(v.string(), v.maxLength(260, "must be the host of a registry")),
  username: v.pipe(
    v.string(),
    v.regex(/^[^\p{Cc}:]{1,256}$/u, "must be 1 to 256 characters without a colon or a control character"),
  ),
  password: sealedValue,
});

const registriesAnswer: v.GenericSchema<unknown, RegistriesAnswer> = v.object({
  serverId: v.string(),
  sealingKey: publicKey,
  registries: v.array(v.object({ host: v.string(), username: v.string(), by: v.string(), at: isoTime })),
});

/** @throws {UsageError} naming the field and what is allowed */
export function parseRegistryLoginRequest(json: unknown): RegistryLoginRequest {
  return validate(registryLoginRequest, json, { what: "the login to a registry", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseRegistriesAnswer(json: unknown): RegistriesAnswer {
  return validate(registriesAnswer, json, { what: "the answer of the server", kind: "failed" });
}
