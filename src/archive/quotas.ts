import { UsageError } from "../error.ts";

/** How much one push may send. */
export interface Quotas {
  /** Bytes of all files. */
  readonly maxContext: number;
  /** Files, folders and links. */
  readonly maxFiles: number;
}

/** What a push has. */
export interface ContextSize {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Refuses a push that is too large.
 *
 * @param cannot begins the sentence, such as `Cannot deploy "blog"`
 * @throws {UsageError} naming what it has and what it may have
 */
export function checkQuotas({ files, bytes }: ContextSize, { maxContext, maxFiles }: Quotas, cannot: string): void {
  const fault = bytes > maxContext
    ? { has: binarySize(bytes), most: binarySize(maxContext), flag: "--max-context" }
    : files > maxFiles
    ? { has: `${files} files and folders`, most: `${maxFiles}`, flag: "--max-files" }
    : undefined;
  if (fault === undefined) return;
  throw new UsageError(`${cannot}: what is sent for it has ${fault.has}, and a push may have ${fault.most}`, {
    hint: `Name what is not needed in .dockerignore, or allow more on the server: mypaas init ${fault.flag}.`,
  });
}

/** Bytes as `init` takes them, for people: `512 MiB`, `1.5 GiB`. */
export function binarySize(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 30 : 20;
  return `${Math.round(bytes / 2 ** unit * 10) / 10} ${unit === 30 ? "GiB" : "MiB"}`;
}
