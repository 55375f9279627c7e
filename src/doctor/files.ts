import type { FoundEntry } from "../setup/server_files.ts";
import { fault, type Finding } from "./finding.ts";

/** A file that only root may read: it holds a secret. */
export interface PrivateFile {
  readonly path: string;
  /** What is at the path; undefined: nothing. */
  readonly entry: FoundEntry | undefined;
  /** Whether the server cannot do without it. */
  readonly needed: boolean;
}

/** Judges who may read secrets, and who may change the program that root runs. */
export function checkFiles(files: readonly PrivateFile[], program: PrivateFile): readonly Finding[] {
  const secrets = files.flatMap(({ path, entry, needed }): readonly Finding[] => {
    if (entry === undefined) return needed ? [fault(`"${path}" is missing`, "Restore it from a backup")] : [];
    const open = (entry.mode & 0o077) !== 0;
    if (!open && entry.uid === 0) return [];
    const why = open ? `its mode is ${octal(entry.mode)}, not 0600` : `user ${entry.uid} owns it, not root`;
    return [fault(`Others may read the secrets in "${path}": ${why}`, `chown root:root ${path} && chmod 0600 ${path}`)];
  });
  const { path, entry } = program;
  if (entry === undefined || (entry.mode & 0o022) === 0 && entry.uid === 0) return secrets;
  const message = `Others may change the program that root runs, "${path}": its mode is ${octal(entry.mode)}`;
  return [...secrets, fault(message, `chown root:root ${path} && chmod 0755 ${path}`)];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
