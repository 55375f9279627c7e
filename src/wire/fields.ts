// Schemas of single fields, each with its own words for what is allowed.
import * as v from "valibot";
import { parseServiceName } from "../service/option_values.ts";
import { MAX_NAME_LENGTH, MAX_SCOPE_NAMES } from "./limits.ts";
import type { Role } from "./role.ts";

const KEY_NAME = new RegExp(`^[\\p{L}\\p{N}][\\p{L}\\p{N} ._@-]{0,${MAX_NAME_LENGTH - 1}}$`, "u");

function canBeService(name: string): boolean {
  return "value" in parseServiceName(name);
}

/** Whether a text can stand in a scope: `*` or the name of a service. */
export function isScopeName(name: string): boolean {
  return name === "*" || canBeService(name);
}

export const serviceName = v.pipe(
  v.string(),
  v.check(canBeService, ({ input }) => `must be the name of a service, not ${quoted(input)}`),
);

export const keyName = v.pipe(
  v.string(),
  v.regex(
    KEY_NAME,
    `must be 1 to ${MAX_NAME_LENGTH} letters, digits, spaces or "._@-", the first a letter or a digit`,
  ),
);

export const role: v.GenericSchema<unknown, Role> = v.picklist(["deploy", "admin"]);

export const scope = v.pipe(
  v.array(v.pipe(
    v.string(),
    v.check(isScopeName, ({ input }) => `must be "*" or the name of a service, not ${quoted(input)}`),
  )),
  v.minLength(1, "must name at least one service"),
  v.maxLength(MAX_SCOPE_NAMES, `must name at most ${MAX_SCOPE_NAMES} services`),
);

/** SHA-256 as 64 lower-case hex digits. */
export const digest = hex(32);

/** Raw ed25519 public key: 32 bytes in base64url without padding. */
export const publicKey = v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "must be 32 bytes in base64url (43 characters)"));

/** Ed25519 signature: 64 bytes in base64url without padding. */
export const signature = v.pipe(v.string(), v.regex(/^[\w-]{86}$/, "must be 64 bytes in base64url (86 characters)"));

/** A point in time as `Date.toISOString()` writes it. */
export const isoTime = v.pipe(v.string(), v.isoTimestamp("must be a time in ISO 8601"));

export const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A schema of so many bytes in lower-case hex. */
export function hex(bytes: number): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(),
    v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `must be ${2 * bytes} lower-case hex digits`),
  );
}

/** A schema of a whole number in a range, ends included. */
export function wholeNumber(min: number, max: number): v.GenericSchema<unknown, number> {
  return v.pipe(
    v.number(),
    v.check(
      (value) => Number.isSafeInteger(value) && value >= min && value <= max,
      `must be a whole number from ${min} to ${max}`,
    ),
  );
}

/** A schema of a field that JSON leaves out when it is undefined: present and undefined in the output. */
export function orUndefined<T>(schema: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T | undefined> {
  return v.optional(schema, () => undefined);
}

/** An input as a message may show it: quoted and short. */
export function quoted(input: string): string {
  return JSON.stringify(input.length > 100 ? `${input.slice(0, 100)}...` : input);
}
