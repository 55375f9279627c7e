/** Text of a server or of a build as it may be shown on a terminal: without escape sequences and control characters. */
export function plainText(text: string): string {
  return text
    .replace(/\p{Cc}\[[0-?]*[ -/]*[@-~]/gu, "")
    .replace(/\p{Cc}/gu, (character) => character === "\t" ? character : "");
}

/** Bytes for people, in decimal units: `512 B`, `20.9 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 999.5 || unit === "GB") return `${unit === "B" ? value : value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`;
    value /= 1000;
  }
  return `${bytes} B`;
}

/** Seconds for people: `0.4 s`, `75 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** `1 file`, `2 files` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
