import * as v from "valibot";
import { validate } from "./validate.ts";

/** A line of `GET /v1/services/{service}/logs`; `end` is the last one, and proved. */
export type LogStreamLine =
  | {
    readonly kind: "line";
    readonly replica: string;
    readonly stream: "stdout" | "stderr";
    /** RFC 3339 with nanoseconds. */
    readonly time: string;
    readonly text: string;
  }
  | { readonly kind: "end"; readonly lines: number };

const logStreamLine: v.GenericSchema<unknown, LogStreamLine> = v.variant("kind", [
  v.object({
    kind: v.literal("line"),
    replica: v.string(),
    stream: v.picklist(["stdout", "stderr"]),
    time: v.string(),
    text: v.string(),
  }),
  v.object({ kind: v.literal("end"), lines: v.number() }),
]);

/** @throws {MyPaasError} naming the field that is wrong */
export function parseLogLine(json: unknown): LogStreamLine {
  return validate(logStreamLine, json, { what: "a line of the log", kind: "failed" });
}
