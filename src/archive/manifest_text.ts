import type { Manifest, ManifestEntry } from "../wire/manifest.ts";

const COMMA = 0x2c;
const NEWLINE = 0x0a;
/** Bytes of most entries. */
const ENTRY_BYTES = 192;

/**
 * The canonical text of a manifest, in UTF-8: JSON of one array per entry, `["file", path, mode, size, [[digest, size]...]]`
 * (and `"build only"`), `["dir", path, mode]`, `["link", path, target]`, in the manifest's order.
 *
 * @param separator what stands between two entries: a comma makes it JSON; with a newline, which JSON never has inside,
 * `readManifestText` can read it
 */
export function manifestText({ entries }: Manifest, separator: "," | "\n"): Uint8Array<ArrayBuffer> {
  const text = new GrowingText(entries.length * ENTRY_BYTES);
  text.add("[");
  for (const [index, entry] of entries.entries()) {
    text.add(`${index === 0 ? "" : separator}${JSON.stringify(arrayOf(entry))}`);
  }
  text.add("]");
  return text.bytes;
}

/**
 * Reads a text with newlines entry by entry, for as JSON a long one takes ten times its size. The bytes become the text with
 * commas.
 *
 * @throws {Error} when it is no such text
 */
export function readManifestText(bytes: Uint8Array<ArrayBuffer>): Manifest {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const entries: ManifestEntry[] = [];
  const end = bytes.length - 1;
  for (let at = 1; at < end;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline === -1 ? end : newline;
    entries.push(entryOf(JSON.parse(decoder.decode(bytes.subarray(at, next)))));
    if (newline !== -1) bytes[newline] = COMMA;
    at = next + 1;
  }
  return { entries };
}

function arrayOf(entry: ManifestEntry): readonly unknown[] {
  switch (entry.type) {
    case "file": {
      const chunks = entry.chunks.map(({ digest, size }) => [digest, size]);
      return ["file", entry.path, entry.mode, entry.size, chunks, ...entry.buildOnly ? ["build only"] : []];
    }
    case "dir":
      return ["dir", entry.path, entry.mode];
    case "link":
      return ["link", entry.path, entry.target];
  }
}

/** What `arrayOf` makes. */
type EntryArray =
  | ["file", string, number, number, [string, number][], "build only"?]
  | ["dir", string, number]
  | ["link", string, string];

function entryOf(array: EntryArray): ManifestEntry {
  switch (array[0]) {
    case "file": {
      const [type, path, mode, size, parts, buildOnly] = array;
      const chunks = parts.map(([digest, size]) => ({ digest, size }));
      return { type, path, mode, size, chunks, ...buildOnly === "build only" && { buildOnly: true } };
    }
    case "dir":
      return { type: array[0], path: array[1], mode: array[2] };
    case "link":
      return { type: array[0], path: array[1], target: array[2] };
  }
}

/** UTF-8 that is added to: one string of it, and all entries as arrays, would take ten times that. */
class GrowingText {
  readonly #encoder = new TextEncoder();
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#buffer = new Uint8Array(expectedBytes);
  }

  add(text: string): void {
    // A character is at most three bytes.
    const most = this.#length + 3 * text.length;
    if (most > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(most, 2 * this.#buffer.length));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#length += this.#encoder.encodeInto(text, this.#buffer.subarray(this.#length)).written;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}
