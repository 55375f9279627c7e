import { formatBytes } from "./plain_text.ts";

/** How long sending is looked back at for its rate, in milliseconds. */
const WINDOW_MS = 5000;
/** Less says nothing yet. */
const LEAST_MS = 500;

/** How fast an upload goes, of the last seconds. Times are milliseconds of a clock. */
export class UploadPace {
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** @param bytes that were sent so far */
  add(at: number, bytes: number): void {
    this.#samples.push({ at, bytes });
    const old = this.#samples.findLastIndex((sample) => at - sample.at > WINDOW_MS);
    if (old > 0) this.#samples = this.#samples.slice(old);
  }

  /** Bytes per second; undefined while it is too early to tell. An upload that stands gets slower and slower. */
  rate(now: number): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || now - first.at < LEAST_MS) return undefined;
    return (last.bytes - first.bytes) / (now - first.at) * 1000;
  }
}

/** `12.3 MB/s` */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** What is left, for people: `3 s`, `4 min`, `2 h`. */
export function formatRest(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 99.5 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
