import * as v from "valibot";
import { deployPlanFields } from "./deploy_plan.ts";
import type { EventLine, WireError } from "./events.ts";
import { count, isoTime, orUndefined, wholeNumber } from "./fields.ts";
import { validate } from "./validate.ts";

const texts = v.array(v.string());

/** A failure as it travels, in an event or as the body of an answer. */
export const wireError: v.GenericSchema<unknown, WireError> = v.object({
  kind: v.picklist(["failed", "usage", "auth", "build", "notReady"]),
  message: v.string(),
  hint: v.optional(v.string()),
  details: v.optional(texts),
  skew: v.optional(v.boolean()),
});

/** What every line has beside the fields of its kind. */
const line = {
  seq: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  time: isoTime,
  proof: v.optional(v.string()),
};
const seconds = v.pipe(v.number(), v.minValue(0, "must not be negative"));

const EVENTS = [
  v.object({ ...line, kind: v.literal("accepted"), deploy: v.string(), service: v.string(), release: count }),
  v.object({ ...line, kind: v.literal("queued"), behind: v.string() }),
  v.object({ ...line, kind: v.literal("log"), step: v.string(), text: v.string() }),
  v.object({
    ...line,
    kind: v.literal("step"),
    text: v.string(),
    state: v.picklist(["started", "done"]),
    seconds: v.optional(seconds),
  }),
  v.object({ ...line, kind: v.literal("warning"), text: v.string() }),
  v.object({ ...line, kind: v.literal("planned"), ...deployPlanFields }),
  v.object({
    ...line,
    kind: v.literal("live"),
    service: v.string(),
    release: count,
    urls: texts,
    address: v.optional(v.string()),
    seconds,
    visits: v.optional(v.object({ requests: count, failed: count })),
    alreadyLive: v.boolean(),
  }),
  v.object({ ...line, kind: v.literal("done"), service: v.string(), text: v.string(), notes: texts }),
  v.object({ ...line, kind: v.literal("failed"), deploy: orUndefined(v.string()), error: wireError }),
] as const;
/** One line of an event stream. */
export const eventLine: v.GenericSchema<unknown, EventLine> = v.variant("kind", EVENTS);
const KINDS: ReadonlySet<unknown> = new Set(EVENTS.map(({ entries }) => entries.kind.literal));

/** Whether a line is an event that this version has heard of; a newer server may tell more, and it is left out. */
export function isKnownEvent(json: unknown): boolean {
  return typeof json !== "object" || json === null || !("kind" in json) || KINDS.has(json.kind);
}

/**
 * Reads one line of an event stream. Fields that are not known are left out, so check the proof
 * (`src/auth/proof.ts`) on the value as it came.
 *
 * @throws {MyPaasError} naming the field that is wrong
 */
export function parseEventLine(json: unknown): EventLine {
  return validate(eventLine, json, { what: "an event of the server", kind: "failed" });
}
