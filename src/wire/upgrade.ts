import * as v from "valibot";
import { validate } from "./validate.ts";

/** What `POST /v1/upgrade` tells, over the daemon's own socket only: no new work begins while the answer is open. */
export type PauseLine =
  /** Deploys and other work that goes on, such as `blog.7`; told again when it changes. */
  | { readonly kind: "waiting"; readonly waitsFor: readonly string[] }
  /** Nothing goes on: the daemon may be replaced. */
  | { readonly kind: "ready" };

const pauseLine: v.GenericSchema<unknown, PauseLine> = v.variant("kind", [
  v.object({ kind: v.literal("waiting"), waitsFor: v.array(v.string()) }),
  v.object({ kind: v.literal("ready") }),
]);

/** @throws {MyPaasError} naming the field that is wrong */
export function parsePauseLine(json: unknown): PauseLine {
  return validate(pauseLine, json, { what: "the answer of the daemon", kind: "failed" });
}
