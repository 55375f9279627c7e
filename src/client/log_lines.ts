import type { LogStreamLine } from "../wire/log_lines.ts";
import { plainText } from "./plain_text.ts";

/** One line of `mypaas logs`: time to the second, replica, text. */
export function renderLogLine({ replica, time, text }: Extract<LogStreamLine, { kind: "line" }>): string {
  return plainText(`${time.replace(/\.\d+Z$/, "Z")} ${replica} | ${text}`);
}
