import { messageOf, NotWrittenError } from "../error.ts";

/** By the system's words (strerror(3)), because not every failure of Deno's has a code. */
const KNOWN: readonly (readonly [words: string, reason: string, hint: string])[] = [
  ["No space left on device", "the disk is full", "Free some space on the server: df -h."],
  ["Disk quota exceeded", "the disk quota is used up", "Free some space on the server: quota."],
  [
    "Read-only file system",
    "the disk is mounted read-only",
    "Look for errors of the disk on the server: dmesg.",
  ],
  ["Input/output error", "the disk does not work", "Look for errors of the disk on the server: dmesg."],
];

/**
 * Turns a failure that is the disk's into a sentence; any other is given back as it is.
 *
 * @param action completes the sentence "Cannot ..."
 */
export function diskError(action: string, error: unknown): unknown {
  const found = KNOWN.find(([words]) => messageOf(error).includes(words));
  if (found === undefined) return error;
  return new NotWrittenError(`Cannot ${action}: ${found[1]}`, { hint: found[2], cause: error });
}
