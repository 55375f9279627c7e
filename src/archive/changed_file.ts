import { MyPaasError } from "../error.ts";
import { shownPath } from "./shown_path.ts";

/** A file is not what it was when it was listed, or when its first part was read. */
export class ChangedFile extends MyPaasError {
  constructor(path: string, cause?: unknown) {
    super(`Cannot send "${shownPath(path)}": it changed while it was read`, {
      cause,
      hint: "Push again when nothing writes to it, or name it in .dockerignore.",
    });
  }
}
