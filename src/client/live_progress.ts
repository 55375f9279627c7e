import type { DeployEvent, NumberedEvent } from "../wire/events.ts";
import { counted, formatBytes, formatSeconds, plainText } from "./plain_text.ts";
import { DeployClock, elapsedLine, logLine, ProgressLines, type PushEvent, type UploadEvent } from "./progress.ts";
import { cutText, textWidth, wrapText } from "./text_width.ts";
import { formatRate, formatRest, UploadPace } from "./upload_pace.ts";

/** Lines of the build's log that stand below its step. */
const TAIL_LINES = 5;
/** Narrower terminals get less space before lines that belong to the one above. */
const WIDE_COLUMNS = 60;
const NOT_DONE = "not done after ";
/** What takes no longer is not told how long it took. */
const TOLD_SECONDS = 1;

/** When, and for how wide a terminal. */
interface Glance {
  /** Milliseconds of a clock. */
  readonly now: number;
  readonly columns: number;
}

type Of<Kind> = Extract<DeployEvent, { readonly kind: Kind }>;

/** Something that goes on. */
interface Running {
  readonly text: string;
  /** Seconds since the deploy's first event. */
  readonly from: number;
  /** Milliseconds of the clock here. */
  readonly since: number;
  /** It is over when anything else begins; without this it has failed then. */
  readonly waits?: true;
}

interface BuildStep extends Running {
  tail: readonly string[];
  cached: boolean;
  told: boolean;
}

/**
 * What a terminal shows of a push while it goes on: lines that stay, and below them a block that changes. Pure: the time
 * is an argument, in milliseconds of any clock.
 */
export class LiveProgress {
  readonly #plain = new ProgressLines();
  readonly #clock = new DeployClock();
  readonly #readPace = new UploadPace();
  readonly #sentPace = new UploadPace();
  #upload: Extract<UploadEvent, { kind: "progress" }> | undefined;
  #scanned = false;
  /** What goes on where no event has said it, and since when; undefined at the end. */
  #silence: Running | undefined;
  #step: Running | undefined;
  #stepTold = false;
  readonly #buildSteps = new Map<string, BuildStep>();
  #buildStep: BuildStep | undefined;
  /** The build's log so far, as plain lines; the server bounds it (`DeployLog`). */
  #log: string[] = [];

  /** @param first what goes on before the first event, such as `reading the folder` */
  constructor(first: string, now: number) {
    this.#silence = { text: first, from: 0, since: now };
  }

  /** @returns the lines that stay; only a step of the build is cut where the terminal ends, for it may be a script */
  next(event: PushEvent, { now, columns }: Glance): readonly string[] {
    this.#silence = { text: "waiting for the server", from: 0, since: now };
    const lines = this.#plain.next(event);
    switch (event.kind) {
      case "progress":
        this.#upload = event;
        this.#readPace.add(now, event.bytes);
        this.#sentPace.add(now, event.sentBytes);
        return [];
      case "scanned":
        this.#scanned = true;
        return lines;
      case "lacking":
        return [];
      case "uploaded":
        this.#upload = undefined;
        return lines;
      case "queued":
      case "step":
      case "log":
      case "failed":
        return this.#deployLines(event, { now, columns, lines });
      case "live":
      case "planned":
      case "done":
        return this.#over({ now, columns }, "");
      default:
        return lines;
    }
  }

  /** What goes on now, in lines that fit into the terminal. */
  block({ now, columns }: Glance): readonly string[] {
    const under = " ".repeat(columns < WIDE_COLUMNS ? 2 : 10);
    if (this.#step !== undefined) {
      const { text, from, since } = this.#step;
      const step = this.#buildStep;
      return [
        ...(this.#stepTold ? [] : [withSeconds(elapsedLine(from, text), { since, now, columns })]),
        ...(step === undefined ? [] : [
          withSeconds(under + step.text, { since: step.since, now, columns }),
          ...step.tail.map((line) => cutText(`${under}| ${line}`, columns)),
        ]),
      ];
    }
    if (this.#upload !== undefined) return this.#uploadLines(this.#upload, { now, columns });
    if (this.#silence === undefined || now - this.#silence.since < TOLD_SECONDS * 1000) return [];
    return [withSeconds(this.#silence.text, { since: this.#silence.since, now, columns })];
  }

  /** The lines that stay when nothing more comes: what was going on, and was not seen to end. */
  end(glance: Glance): readonly string[] {
    return this.#over(glance, NOT_DONE);
  }

  #over(glance: Glance, remark: string): readonly string[] {
    this.#silence = undefined;
    this.#upload = undefined;
    return this.#stepOver(glance, remark);
  }

  #deployLines(
    event: NumberedEvent & (Of<"queued"> | Of<"step"> | Of<"log"> | Of<"failed">),
    { lines, ...glance }: Glance & { readonly lines: readonly string[] },
  ): readonly string[] {
    const at = this.#clock.read(event);
    const { now } = glance;
    switch (event.kind) {
      case "queued": {
        const before = this.#stepOver(glance, NOT_DONE);
        this.#begin({ text: `waiting for ${event.behind}`, from: at, since: now, waits: true });
        return before;
      }
      case "step": {
        if (event.state === "done") return this.#stepDone(event, { ...glance, lines });
        const before = this.#stepOver(glance, NOT_DONE);
        this.#begin({ text: event.text, from: at, since: now });
        return before;
      }
      case "log":
        return this.#logged(event, { at, ...glance, lines });
      case "failed": {
        const whole = event.error.kind === "build" && this.#log.length > 0
          ? ["the log of the build:", ...this.#log]
          : [];
        return [...this.#over(glance, NOT_DONE), ...whole];
      }
    }
  }

  #begin(step: Running): void {
    this.#step = step;
    this.#stepTold = false;
    this.#buildSteps.clear();
  }

  #stepDone(
    { text, seconds = 0 }: Of<"step">,
    { lines, ...glance }: Glance & { readonly lines: readonly string[] },
  ): readonly string[] {
    // What the build wrote is not needed any more.
    if (this.#stepTold) this.#log = [];
    const step = this.#step;
    if (step === undefined || step.text !== text || this.#stepTold) {
      const before = this.#buildStepEnded(glance);
      this.#step = undefined;
      return [...before, ...lines];
    }
    this.#step = undefined;
    return [elapsedLine(step.from, text + tookText(seconds))];
  }

  #logged(
    { step: name, text }: Of<"log">,
    { at, lines, ...glance }: Glance & { readonly at: number; readonly lines: readonly string[] },
  ): readonly string[] {
    const { now } = glance;
    this.#log.push(...lines);
    const head = this.#stepTold || this.#step === undefined ? [] : [elapsedLine(this.#step.from, this.#step.text)];
    this.#stepTold = true;
    this.#step ??= { text: "build", from: at, since: now };
    if (name === "") return [...head, logLine(text)];
    let step = this.#buildSteps.get(name);
    const before = step === this.#buildStep ? [] : this.#buildStepEnded(glance);
    if (step === undefined) {
      step = { text: plainText(name), from: at, since: now, tail: [], cached: false, told: false };
      this.#buildSteps.set(name, step);
    }
    this.#buildStep = step;
    if (text === "cached" && step.tail.length === 0) step.cached = true;
    else if (text !== "") step.tail = [...step.tail, oneLine(text)].slice(-TAIL_LINES);
    return [...head, ...before];
  }

  /** Says of the step of the build that is shown that it is over, once. */
  #buildStepEnded({ now, columns }: Glance): readonly string[] {
    const step = this.#buildStep;
    this.#buildStep = undefined;
    if (step === undefined || step.told) return [];
    step.told = true;
    const tail = step.cached ? ": cached" : tookText((now - step.since) / 1000);
    return [fitted(elapsedLine(step.from, step.text), tail, columns)];
  }

  #stepOver(glance: Glance, remark: string): readonly string[] {
    const step = this.#step;
    const build = this.#buildStepEnded(glance);
    this.#step = undefined;
    const good = remark === "" || step?.waits === true;
    if (step === undefined || (this.#stepTold && good)) return build;
    const seconds = (glance.now - step.since) / 1000;
    const took = good ? tookText(seconds) : `: ${remark}${formatSeconds(seconds)}`;
    return [...build, elapsedLine(step.from + (this.#stepTold ? seconds : 0), step.text + took)];
  }

  /** Sending keeps pace with reading, so what is left to read tells the time that is left. */
  #uploadLines(
    { files, bytes, totalFiles, totalBytes, sentBytes }: Extract<UploadEvent, { kind: "progress" }>,
    { now, columns }: Glance,
  ): readonly string[] {
    const read = this.#readPace.rate(now);
    const sent = this.#sentPace.rate(now);
    const parts = [
      ...(this.#scanned ? [] : [
        totalFiles === undefined ? counted(files, "file") : `${files} of ${counted(totalFiles, "file")}`,
        formatBytes(bytes) + (totalBytes === undefined ? "" : ` of ${formatBytes(totalBytes)}`),
      ]),
      ...(sentBytes > 0 ? [`sent ${formatBytes(sentBytes)}`] : []),
      ...(sentBytes > 0 && sent !== undefined ? [formatRate(sent)] : []),
      ...(totalBytes !== undefined && !this.#scanned && read !== undefined && read >= 1
        ? [`${formatRest((totalBytes - bytes) / read)} left`]
        : []),
    ];
    return wrapText(parts.join(", "), { columns, indent: 2 }).map((line) => cutText(line, columns));
  }
}

/** A text, cut where that is needed, with the seconds since then: `await-ready blog.7.1: 3 s`. */
function withSeconds(
  text: string,
  { since, now, columns }: Glance & { readonly since: number },
): string {
  const seconds = Math.floor((now - since) / 1000);
  return fitted(text, seconds < TOLD_SECONDS ? "" : `: ${seconds} s`, columns);
}

/** A text with a tail behind it, cut so that both fit. */
function fitted(text: string, tail: string, columns: number): string {
  const room = columns - tail.length;
  return (textWidth(text) <= room ? text : `${cutText(text, room - 3)}...`) + tail;
}

function tookText(seconds: number): string {
  return seconds < TOLD_SECONDS ? "" : `: ${formatSeconds(seconds)}`;
}

/** A tab is as wide as it is far from the next stop, so it is no good in a line that is cut. */
function oneLine(text: string): string {
  return plainText(text).replaceAll("\t", "  ");
}
