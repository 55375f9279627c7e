import * as v from "valibot";
import { errorOfKind, type FailureKind, UsageError } from "../error.ts";

export interface ValidateOptions {
  /** Completes the sentence "Cannot read ...", such as `the deploy request`. */
  readonly what: string;
  /** `usage` for what somebody asks, `failed` for what a server answers. */
  readonly kind: FailureKind;
}

/**
 * Checks a parsed JSON value against a schema.
 *
 * @throws {MyPaasError} of the given kind, naming the first field that is wrong and what is allowed there
 */
export function validate<T>(schema: v.GenericSchema<unknown, T>, json: unknown, options: ValidateOptions): T {
  const result = v.safeParse(schema, json, { abortEarly: true, message: genericFault });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw errorOfKind(options.kind, `Cannot read ${options.what}: ${fieldPath(issue)} ${issue.message}`, {
    skew: true,
  });
}

/**
 * Reads a body as JSON (UTF-8).
 *
 * @throws {UsageError} when it is something else
 */
export function parseJson(body: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new UsageError(`Cannot read ${what}: it is not JSON`, { cause });
  }
}

/** What is wrong where a schema has no words of its own. */
function genericFault(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "is not known here";
  if (issue.input === undefined) return "is missing";
  return `must be ${expectedKind(issue.expected ?? "something else")}`;
}

function expectedKind(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    boolean: "true or false",
    Array: "a list",
    Object: "an object",
  };
  return kinds[expected] ?? expected.replace(/^\((.*)\)$/, "$1").replaceAll(" | ", " or ");
}

/** Where an issue is, quoted: `"manifest.entries[3].mode"`; `it` for the value itself. */
function fieldPath(issue: v.BaseIssue<unknown>): string {
  const parts = (issue.path ?? []).map(({ key }) => typeof key === "number" ? `[${key}]` : `.${String(key)}`);
  return parts.length === 0 ? "it" : JSON.stringify(parts.join("").replace(/^\./, "").slice(0, 200));
}
