import * as v from "valibot";
import { UsageError } from "../error.ts";
import { digest, quoted, wholeNumber } from "./fields.ts";
import { MAX_CHUNK_BYTES, MAX_ENTRIES, MAX_MODE, MAX_PATH_BYTES } from "./limits.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";

/** Says what is wrong with the path of an entry, completing "... must ..."; undefined when nothing is. */
function faultOfPath(path: string): string | undefined {
  if (path === "") return "must not be empty";
  if (path.startsWith("/")) return "must be relative";
  for (const part of path.split("/")) {
    if (part === "") return "must have no empty part";
    if (part === "." || part === "..") return `must have no part "${part}"`;
  }
  return faultOfText(path);
}

/** What no path and no link target may have. A backslash is an ordinary character: the server is Linux. */
function faultOfText(text: string): string | undefined {
  if (text.includes("\0")) return "must have no NUL character";
  if (!text.isWellFormed()) return "must be Unicode that UTF-8 can write";
  if (text.length * 3 > MAX_PATH_BYTES && new TextEncoder().encode(text).length > MAX_PATH_BYTES) {
    return `must be at most ${MAX_PATH_BYTES} bytes`;
  }
  return undefined;
}

export const contextPath = v.pipe(v.string(), faultless(faultOfPath));

const linkTarget = v.pipe(v.string(), faultless((target) => target === "" ? "must not be empty" : faultOfText(target)));

const mode = wholeNumber(0, MAX_MODE);

/** One entry by itself. */
export const manifestEntry: v.GenericSchema<unknown, ManifestEntry> = v.variant("type", [
  v.strictObject({
    type: v.literal("file"),
    path: contextPath,
    mode,
    size: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    chunks: v.array(v.strictObject({ digest, size: wholeNumber(1, MAX_CHUNK_BYTES) })),
    buildOnly: v.exactOptional(v.literal(true)),
  }),
  v.strictObject({ type: v.literal("dir"), path: contextPath, mode }),
  v.strictObject({ type: v.literal("link"), path: contextPath, target: linkTarget }),
]);

/** The form of a manifest; `checkManifest` looks at what its entries say together. */
export const manifest: v.GenericSchema<unknown, Manifest> = v.strictObject({
  entries: v.pipe(
    v.array(v.unknown()),
    v.maxLength(MAX_ENTRIES, `must have at most ${MAX_ENTRIES} entries`),
    v.array(manifestEntry),
  ),
});

/**
 * Checks what the form of single entries cannot say: the order, that every path is there once and lies below nothing but
 * folders, and that the chunks of a file are as long as the file.
 *
 * @throws {UsageError} naming the first entry that is wrong
 */
export function checkManifest({ entries }: Manifest): void {
  if (entries.length > MAX_ENTRIES) {
    throw new UsageError(`Cannot read the manifest: it has more than ${MAX_ENTRIES} entries`);
  }
  const below = new NotFolders();
  let previous = "";
  for (const [index, entry] of entries.entries()) {
    const fault = faultOfOrder(entry.path, previous) ?? below.faultOf(entry) ?? faultOfSize(entry);
    if (fault !== undefined) {
      throw new UsageError(`Cannot read the manifest: "entries[${index}]" (${quoted(entry.path)}) ${fault}`);
    }
    previous = entry.path;
  }
}

function faultOfOrder(path: string, previous: string): string | undefined {
  if (path === previous) return "is there twice";
  return path < previous ? `must come before ${quoted(previous)}` : undefined;
}

function faultOfSize(entry: ManifestEntry): string | undefined {
  if (entry.type !== "file") return undefined;
  const total = entry.chunks.reduce((sum, { size }) => sum + size, 0);
  return total === entry.size ? undefined : `has ${total} bytes of chunks, its size is ${entry.size}`;
}

/**
 * Files and links that later entries might lie below. In sorted order everything between `a` and `a/b` begins with `a`, so
 * those that the current path does not begin with are over. Each one kept begins with the one before it and does not lie
 * below it, so only the last can have the current path below it.
 */
class NotFolders {
  readonly #paths: string[] = [];

  /** Says what is wrong with the place of the next entry, and remembers it. */
  faultOf({ type, path }: ManifestEntry): string | undefined {
    let last = this.#paths.at(-1);
    while (last !== undefined && !path.startsWith(last)) {
      this.#paths.pop();
      last = this.#paths.at(-1);
    }
    if (last !== undefined && path[last.length] === "/") return `lies below ${quoted(last)}, which is no folder`;
    if (type !== "dir") this.#paths.push(path);
    return undefined;
  }
}

function faultless(
  faultOf: (text: string) => string | undefined,
): v.CheckAction<string, v.ErrorMessage<v.CheckIssue<string>>> {
  return v.check(
    (text) => faultOf(text) === undefined,
    ({ input }) => `${faultOf(input)}: ${quoted(input)}`,
  );
}
