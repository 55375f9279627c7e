import type { Chunk } from "../wire/manifest.ts";
import type { TreeEntry } from "./tree.ts";

/** What a scan has to know of a file to trust what an earlier one found. */
type Seen = Pick<TreeEntry, "path" | "size" | "stamp" | "changedMs">;

/** Times of files are as coarse as the kernel's tick (4 to 10 ms) on a Linux file system, ... */
const TICK_MS = 20;
/** ... and whole seconds, even ones, on some others (FAT, HFS+): there a time has no milliseconds. */
const COARSE_TICK_MS = 2000;

/** The form of the text; another one is not read. */
const VERSION = 1;

/**
 * What earlier pushes found out about the files of a folder: their chunks, by all that `lstat` says of a file and that
 * changes with it. As in git's index a file is not trusted that is about as young as what is known of it: it may have been
 * changed twice within a tick of the clock, the second time after it was read
 * (https://git-scm.com/docs/racy-git). A clock that was set back makes files look young, never old: they are read again.
 */
export class KnownFiles {
  readonly #before: object;
  readonly #beforeMs: number;
  readonly #nowMs: number;
  readonly #files = new Map<string, readonly [string, readonly Chunk[]]>();
  #changed = false;

  /**
   * @param text what `text()` gave after an earlier scan; anything else is as if there were none
   * @param nowMs the time before the folder is listed, in milliseconds since 1970
   */
  constructor(text: string | undefined, nowMs: number) {
    const { files, readMs } = parsed(text);
    this.#before = files;
    this.#beforeMs = readMs;
    this.#nowMs = nowMs;
  }

  /** The chunks of a file that is as it was; undefined when it has to be read. */
  chunks({ path, size, stamp, changedMs }: Seen): readonly Chunk[] | undefined {
    if (isYoung(changedMs, this.#beforeMs) || !Object.hasOwn(this.#before, path)) return undefined;
    const found: unknown = Reflect.get(this.#before, path);
    if (!Array.isArray(found) || found[0] !== stamp) return undefined;
    const chunks = toChunks(found[1], size);
    if (chunks !== undefined) this.#files.set(path, [stamp, chunks]);
    return chunks;
  }

  /** Remembers what was read of a file, after it was listed. */
  learn({ path, stamp }: Seen, chunks: readonly Chunk[]): void {
    this.#files.set(path, [stamp, chunks]);
    this.#changed = true;
  }

  /** All that the next scan may know; undefined when that is nothing new. */
  text(): string | undefined {
    if (!this.#changed && this.#files.size === Object.keys(this.#before).length) return undefined;
    const files = Object.fromEntries(
      Array.from(
        this.#files,
        ([path, [stamp, chunks]]) => [path, [stamp, chunks.map(({ digest, size }) => [digest, size])]],
      ),
    );
    return JSON.stringify({ version: VERSION, readMs: this.#nowMs, files });
  }
}

/** Whether a file was changed at, or after, the time at which it was looked at, as far as its clock can tell. */
function isYoung(changedMs: number, readMs: number): boolean {
  return changedMs >= readMs - (changedMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS);
}

function parsed(text: string | undefined): { readonly files: object; readonly readMs: number } {
  const none = { files: {}, readMs: 0 };
  if (text === undefined) return none;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return none;
  }
  if (typeof content !== "object" || content === null || !("version" in content) || content.version !== VERSION) {
    return none;
  }
  if (!("files" in content && "readMs" in content)) return none;
  const { files, readMs } = content;
  if (typeof files !== "object" || files === null || typeof readMs !== "number") return none;
  return { files, readMs };
}

/** Chunks as they are in the text: `[digest, size]` each, together as long as the file. */
function toChunks(found: unknown, fileSize: number): readonly Chunk[] | undefined {
  if (!Array.isArray(found)) return undefined;
  const chunks: Chunk[] = [];
  let total = 0;
  for (const pair of found) {
    if (!Array.isArray(pair)) return undefined;
    const [digest, size] = pair;
    if (typeof digest !== "string" || typeof size !== "number") return undefined;
    chunks.push({ digest, size });
    total += size;
  }
  return total === fileSize ? chunks : undefined;
}
