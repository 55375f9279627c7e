import * as v from "valibot";
import { eventLine, wireError } from "../wire/event_schemas.ts";
import type { EventLine, WireError } from "../wire/events.ts";
import { count } from "../wire/fields.ts";
import type { UnledSite } from "./first_page.ts";
import type { UploadEvent } from "./progress.ts";

/**
 * What `push`, `deploy` and `plan` print with `--json`, one object per line: on standard output, in order, but for `error`,
 * which is the last line of standard error.
 */
export type PrintedEvent =
  | UploadEvent
  | EventLine
  /** At the end: what was sent, on the wire, and how much the project has. */
  | { readonly kind: "sent"; readonly bytes: number; readonly total: number; readonly seconds: number }
  | { readonly kind: "unled" } & UnledSite
  /** With `--wait`: the release has got through its first minute, or another one has taken its place. */
  | { readonly kind: "kept" }
  | { readonly kind: "replaced" }
  | { readonly kind: "error"; readonly error: WireError };

/** What each kind of printed event says, in the order in which they come. */
export const PRINTED_KINDS: Readonly<Record<PrintedEvent["kind"], string>> = {
  progress:
    "how far reading and sending are, at most ten times a second; bytes before compression, `sentBytes` on the wire",
  scanned: "the folder was read: so many files and bytes",
  lacking: "the server lacks so many parts, of so many bytes before compression",
  wouldSend: "in place of `lacking` where nothing is changed: `plan`, `--dry-run`",
  largeContext: "much is sent; the largest paths, each with a `line` for `.dockerignore`",
  retry: "the connection broke, for the `reason`; what did not arrive is sent again, until something gets through",
  uploaded: "all of it is there",
  accepted: "the server has taken the deploy; its id is for `attach` and `cancel`",
  queued: "it waits for another deploy or build",
  log: "a line of the build; without text: its `step` begins",
  step: "a step has `started`, or is `done` after so many seconds",
  warning: "what the owner should know",
  planned: "the end of a dry run: what a deploy would do",
  live: "the end of a deploy: the service is live, or was already",
  done: "the end of work that makes no release",
  failed: "the end of a deploy that failed; `error` follows",
  sent: "what was sent in all, of how much, and the seconds from start to end",
  unled: "a domain that does not lead to the server yet, and a command that shows the page",
  kept: "with `--wait`: the release is past its first minute",
  replaced: "with `--wait`: another release has taken its place",
  error: "on standard error: why the command failed; `kind` of it names the exit code",
};

const bytes = count;
const seconds = v.pipe(v.number(), v.minValue(0));

const OWN = [
  v.object({
    kind: v.literal("progress"),
    files: count,
    bytes,
    totalFiles: v.exactOptional(count),
    totalBytes: v.exactOptional(bytes),
    lackingBytes: bytes,
    sentBytes: bytes,
  }),
  v.object({ kind: v.literal("scanned"), service: v.string(), files: count, bytes }),
  v.object({ kind: v.literal("lacking"), parts: count, bytes }),
  v.object({ kind: v.literal("wouldSend"), files: count, bytes, totalFiles: count, totalBytes: bytes }),
  v.object({
    kind: v.literal("largeContext"),
    bytes,
    paths: v.array(v.object({ path: v.string(), bytes, line: v.string() })),
  }),
  v.object({ kind: v.literal("retry"), reason: v.string() }),
  v.object({ kind: v.literal("uploaded"), sentBytes: bytes, seconds }),
  v.object({ kind: v.literal("sent"), bytes, total: bytes, seconds }),
  v.object({
    kind: v.literal("unled"),
    url: v.string(),
    domain: v.string(),
    leadsTo: v.array(v.string()),
    address: v.string(),
    command: v.string(),
  }),
  v.object({ kind: v.literal("kept") }),
  v.object({ kind: v.literal("replaced") }),
  v.object({ kind: v.literal("error"), error: wireError }),
] as const;

/** A line that was printed, parsed. What a schema does not name is left out of its output. */
export const printedEvent: v.GenericSchema<unknown, PrintedEvent> = v.union([v.variant("kind", OWN), eventLine]);
