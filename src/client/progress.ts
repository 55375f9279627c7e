import type { DeployEvent, NumberedEvent, WireError } from "../wire/events.ts";
import type { LargePath } from "../archive/largest_paths.ts";
import type { DeployEnd } from "./follow_deploy.ts";
import { counted, formatBytes, formatSeconds, plainText } from "./plain_text.ts";
import { renderPlan, type WouldSend } from "./plan_text.ts";

/** What a push tells before the deploy's own events begin. */
export type UploadEvent =
  /** The context was read. */
  | { readonly kind: "scanned"; readonly service: string; readonly files: number; readonly bytes: number }
  /**
   * How far reading and sending are, while they go on; at most ten times a second. What was read so far, of how much, what
   * of it the server is known to lack, before compression, and what was sent so far, as it is on the wire.
   */
  | {
    readonly kind: "progress";
    readonly files: number;
    readonly bytes: number;
    /** All files of the context; undefined while they are not counted. */
    readonly totalFiles?: number;
    readonly totalBytes?: number;
    readonly lackingBytes: number;
    readonly sentBytes: number;
  }
  /** The server was asked what it lacks: this many parts, of this many bytes before compression. */
  | { readonly kind: "lacking"; readonly parts: number; readonly bytes: number }
  /** In place of `lacking` in a dry run, which sends nothing of it but the Dockerfile. */
  | { readonly kind: "wouldSend" } & WouldSend
  /** The connection broke; what did not arrive is sent again. Told once until something gets through. */
  | { readonly kind: "retry"; readonly reason: string }
  /** Much is to be sent, and these are the paths with the most of it. */
  | { readonly kind: "largeContext"; readonly bytes: number; readonly paths: readonly LargePath[] }
  | { readonly kind: "uploaded"; readonly sentBytes: number; readonly seconds: number };

/** Everything that a push reports while it goes on, in order. */
export type PushEvent = UploadEvent | NumberedEvent;

/** How a push went, once it has not failed. */
export interface PushResult {
  readonly end: Extract<DeployEvent, { kind: "live" | "planned" }>;
  /** Bodies as they were on the wire. */
  readonly sentBytes: number;
  /** What the server lacked, and all files of the context. */
  readonly lacked: WouldSend;
  /** From the first look at the Dockerfile to the end. */
  readonly seconds: number;
}

/**
 * Turns the events of one push into plain lines. Deploy events carry the seconds since the deploy's first event, in
 * a column; lines of the build stand under the instruction they belong to.
 */
export class ProgressLines {
  readonly #clock = new DeployClock();
  #buildStep = "";
  readonly #begun = new Set<string>();

  /** The lines to print for the next event, none for an event that says nothing new; ends are left to `renderResult`. */
  next(event: PushEvent): readonly string[] {
    switch (event.kind) {
      case "scanned":
        return [`${event.service}: ${counted(event.files, "file")}, ${formatBytes(event.bytes)}`];
      case "lacking":
        return event.parts === 0 ? [] : [`sending ${counted(event.parts, "part")}, ${formatBytes(event.bytes)}`];
      case "wouldSend":
      case "progress":
        return [];
      case "largeContext":
        return largeContextLines(event);
      case "retry":
        return [`trying again: ${plainText(event.reason)}`];
      case "uploaded":
        return event.sentBytes === 0 ? [] : [`sent ${formatBytes(event.sentBytes)} in ${formatSeconds(event.seconds)}`];
      default:
        return this.#deployLines(event);
    }
  }

  #deployLines(event: NumberedEvent): readonly string[] {
    const elapsed = this.#clock.read(event);
    const line = (text: string) => elapsedLine(elapsed, text);
    switch (event.kind) {
      case "accepted":
        return [line(`${event.service} release ${event.release}`)];
      case "queued":
        return [line(`waiting for ${event.behind}`)];
      case "warning":
        return [line(`warning: ${event.text}`)];
      case "step":
        return this.#stepLines(event, line);
      case "log": {
        const lines = event.step === this.#buildStep || event.step === "" ? [] : [line(event.step)];
        if (event.step !== "") this.#buildStep = event.step;
        return event.text === "" ? lines : [...lines, logLine(event.text)];
      }
      case "live":
      case "planned":
      case "done":
      case "failed":
        return [];
    }
  }

  #stepLines(
    { text, state, seconds }: Extract<DeployEvent, { kind: "step" }>,
    line: (text: string) => string,
  ): readonly string[] {
    this.#buildStep = "";
    if (state === "started") {
      this.#begun.add(text);
      return [line(text)];
    }
    const told = this.#begun.delete(text);
    if (told && (seconds === undefined || seconds < 1)) return [];
    return [line(seconds === undefined ? text : `${text}: ${formatSeconds(seconds)}`)];
  }
}

/** Seconds since the first event of a deploy, by the server's clock. */
export class DeployClock {
  #start: number | undefined;

  read(event: NumberedEvent): number {
    const at = Date.parse(event.time);
    this.#start ??= at;
    return Math.max(0, at - this.#start) / 1000;
  }
}

/** A text behind the seconds at which it happened: `[ 12.3 s] create blog.7.1`. */
export function elapsedLine(seconds: number, text: string): string {
  return `[${seconds.toFixed(1).padStart(5)} s] ${plainText(text)}`;
}

/** Begins a line that a build wrote, under its instruction. */
export const LOG_MARK = "          | ";

/** A line that a build wrote. */
export function logLine(text: string): string {
  return LOG_MARK + plainText(text);
}

/** The last lines of a push that did not fail: where the service is, its release, how long it took and what was sent. */
export function renderResult({ end, sentBytes, lacked, seconds }: PushResult): readonly string[] {
  if (end.kind === "planned") return renderPlan(end, lacked);
  // Questions and the manifest count too: of a small project more is sent than it has.
  const share = sentBytes < lacked.totalBytes ? ` of ${formatBytes(lacked.totalBytes)}` : "";
  return [
    `${end.service} is ${end.alreadyLive ? "already live" : "live"}: release ${end.release}, ` +
    `${formatSeconds(seconds)}, sent ${formatBytes(sentBytes)}${share}${visitsText(end)}`,
    ...end.urls.map((url) => `  ${plainText(url)}`),
  ];
}

/** The last lines of work that did not fail and sent nothing. */
export function renderEnd(end: DeployEnd): readonly string[] {
  switch (end.kind) {
    case "done":
      return [plainText(end.text), ...end.notes.map((note) => `  ${plainText(note)}`)];
    case "live":
      return [
        `${end.service} is live: release ${end.release}, ${formatSeconds(end.seconds)}${visitsText(end)}`,
        ...end.urls.map((url) => `  ${plainText(url)}`),
      ];
    case "planned":
      return renderPlan(end);
  }
}

function largeContextLines({ bytes, paths }: Extract<UploadEvent, { kind: "largeContext" }>): readonly string[] {
  return [
    `warning: ${formatBytes(bytes)} are sent; .dockerignore lines for what the build does not need:`,
    ...paths.map((path) => `${formatBytes(path.bytes).padStart(9)}  ${plainText(path.line)}`),
  ];
}

/** What visitors noticed; nothing when there were none. */
function visitsText({ visits }: Extract<DeployEvent, { kind: "live" }>): string {
  if (visits === undefined || visits.requests === 0) return "";
  return `; ${counted(visits.requests, "request")} meanwhile, ${visits.failed} failed`;
}

/** The lines of a failure: the sentence, what helps to see the cause, what to try. */
export function renderFailure({ message, hint, details = [] }: Omit<WireError, "kind">): readonly string[] {
  return [
    `error: ${plainText(message)}`,
    ...details.map((detail) => `  ${plainText(detail)}`),
    ...(hint === undefined ? [] : [`hint:  ${plainText(hint)}`]),
  ];
}
