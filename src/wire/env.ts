import * as v from "valibot";
import { isEnvName } from "../service/option_values.ts";
import { isoTime, orUndefined, publicKey, quoted } from "./fields.ts";
import { MAX_ENV_VALUE_BYTES, MAX_ENV_VALUES } from "./limits.ts";
import { type SealedValue, sealedValue } from "./sealed.ts";
import { validate } from "./validate.ts";

/** `GET /v1/services/{service}/env`: what the store has, and what is needed to seal a value for it. */
export interface EnvListAnswer {
  readonly serverId: string;
  /** Raw X25519 public key of the daemon, base64url. */
  readonly sealingKey: string;
  /** Sorted by name. */
  readonly variables: readonly EnvSummary[];
}

export interface EnvSummary {
  readonly name: string;
  /** Whether nobody is given the value back; undefined from a server that does not know of it. */
  readonly secret?: boolean | undefined;
  readonly setBy: string;
  /** ISO 8601. */
  readonly setAt: string;
}

/** `POST /v1/services/{service}/env`: all of it or nothing. With no name it only rolls out what is not live yet. */
export interface EnvSetRequest {
  /** Sealed for `envContext`. */
  readonly set: readonly { readonly name: string; readonly value: SealedValue }[];
  readonly unset: readonly string[];
  /** What is set is given back to nobody. */
  readonly secret?: boolean | undefined;
  /** Roll out what the live release takes, without a build. */
  readonly deploy: boolean;
}
export interface EnvSetAnswer {
  /** The newest release that is live or may become it; undefined when there is none. */
  readonly release: number | undefined;
  /** Whether the service is stopped: then nothing is rolled out. */
  readonly stopped: boolean;
  /** Names in the request that this release does not take from the store. */
  readonly unused: readonly string[];
  /** Names that this release takes from the store, which has no value for them. */
  readonly lacking: readonly string[];
  /** The deploy that rolls it out, such as `blog.8`; undefined when nothing is rolled out. */
  readonly deploy: string | undefined;
  /** A deploy under way that began with other values; to be waited for, and then asked again. */
  readonly behind: string | undefined;
}

/** Said when a change of the store could not be rolled out. */
export const STAYS_STORED = "The change stays stored: the next push takes it.";

/** `POST /v1/services/{service}/env/{name}` */
export interface EnvGetRequest {
  /** Raw X25519 public key of who asks, base64url, made for this one request. */
  readonly reader: string;
}
export interface EnvGetAnswer {
  readonly name: string;
  /** Sealed for `envContext`. */
  readonly value: SealedValue;
}

/** What a sealed value of a service's store is bound to. */
export function envContext(serverId: string, service: string, name: string): readonly string[] {
  return ["env", serverId, service, name];
}

/** What is wrong with a value, completing "its value ..."; undefined when nothing is. It never tells the value. */
export function faultOfEnvValue(value: string): string | undefined {
  if (value.includes("\0")) return "has a NUL character";
  const bytes = new TextEncoder().encode(value).length;
  return bytes > MAX_ENV_VALUE_BYTES ? `has ${bytes} bytes, allowed are ${MAX_ENV_VALUE_BYTES}` : undefined;
}

const envName = v.pipe(
  v.string(),
  v.check(isEnvName, ({ input }) => `must be the name of a variable, not ${quoted(input)}`),
);

const envNames = v.pipe(v.array(envName), v.maxLength(MAX_ENV_VALUES, `must have at most ${MAX_ENV_VALUES} names`));

const envSetRequest: v.GenericSchema<unknown, EnvSetRequest> = v.pipe(
  v.strictObject({
    set: v.pipe(
      v.array(v.strictObject({ name: envName, value: sealedValue })),
      v.maxLength(MAX_ENV_VALUES, `must have at most ${MAX_ENV_VALUES} values`),
    ),
    unset: envNames,
    secret: v.optional(v.boolean()),
    deploy: v.boolean(),
  }),
  v.check(({ set, unset }) => {
    const names = [...set.map(({ name }) => name), ...unset];
    return new Set(names).size === names.length;
  }, "must name each variable once"),
);

const envGetRequest: v.GenericSchema<unknown, EnvGetRequest> = v.strictObject({ reader: publicKey });

const envListAnswer: v.GenericSchema<unknown, EnvListAnswer> = v.object({
  serverId: v.string(),
  sealingKey: publicKey,
  variables: v.array(
    v.object({ name: v.string(), secret: v.optional(v.boolean()), setBy: v.string(), setAt: isoTime }),
  ),
});

const names = v.array(v.string());

const envSetAnswer: v.GenericSchema<unknown, EnvSetAnswer> = v.object({
  release: orUndefined(v.number()),
  stopped: v.boolean(),
  unused: names,
  lacking: names,
  deploy: orUndefined(v.string()),
  behind: orUndefined(v.string()),
});

const envGetAnswer: v.GenericSchema<unknown, EnvGetAnswer> = v.object({ name: v.string(), value: sealedValue });

/** @throws {UsageError} naming the field and what is allowed */
export function parseEnvSetRequest(json: unknown): EnvSetRequest {
  return validate(envSetRequest, json, { what: "the variables", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseEnvGetRequest(json: unknown): EnvGetRequest {
  return validate(envGetRequest, json, { what: "the request", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseEnvListAnswer(json: unknown): EnvListAnswer {
  return validate(envListAnswer, json, { what: "the answer of the server", kind: "failed" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseEnvSetAnswer(json: unknown): EnvSetAnswer {
  return validate(envSetAnswer, json, { what: "the answer of the server", kind: "failed" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseEnvGetAnswer(json: unknown): EnvGetAnswer {
  return validate(envGetAnswer, json, { what: "the answer of the server", kind: "failed" });
}
