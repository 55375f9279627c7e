import { MyPaasError } from "../error.ts";
import { shownPath } from "./shown_path.ts";

/** How often a file is read before it is said that somebody keeps writing to it. */
const MOST_ATTEMPTS = 4;

/** A file is not what it was a moment ago. */
export class ChangedFile extends MyPaasError {
  constructor(path: string, cause?: unknown) {
    super(`Cannot send "${shownPath(path)}": it changed while it was read`, {
      cause,
      hint: "Push again when nothing writes to it, or name it in .dockerignore.",
    });
  }
}

/** Reads a file, and once more while it changes. @throws {ChangedFile} when it goes on changing */
export async function whileItChanges<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ChangedFile) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}
