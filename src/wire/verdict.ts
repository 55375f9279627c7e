import * as v from "valibot";
import { count, orUndefined } from "./fields.ts";
import { validate } from "./validate.ts";

/** `GET /v1/services/{service}/releases/{release}/verdict`: how the minute after a release became live has ended. */
export type VerdictAnswer =
  | { readonly kind: "kept" }
  /** Another release was deployed meanwhile. */
  | { readonly kind: "replaced" }
  /** `by`: what serves now; undefined when nothing could be brought back. */
  | { readonly kind: "taken-back"; readonly because: string; readonly by: number | undefined };

const verdict: v.GenericSchema<unknown, VerdictAnswer> = v.variant("kind", [
  v.object({ kind: v.literal("kept") }),
  v.object({ kind: v.literal("replaced") }),
  v.object({ kind: v.literal("taken-back"), because: v.string(), by: orUndefined(count) }),
]);

/** @throws {MyPaasError} naming the field that is wrong */
export function parseVerdict(json: unknown): VerdictAnswer {
  return validate(verdict, json, { what: "the answer of the server", kind: "failed" });
}
