// Trees of files that are the same for the same seed, on every machine.

/** What a tree is made of. Sizes are log-normal, half of the bytes does not compress. */
export interface SeededTree {
  readonly files: number;
  readonly bytes: number;
  readonly seed: number;
}

/** Spread of the logarithm of the sizes: the middle one is a third of the mean, the largest some hundred times. */
const SIGMA = 1.5;
const FILES_PER_FOLDER = 100;
const PAGE_BYTES = 4096;
const TEXT_PAGES = 1024;
/** Files are written in parts of this size, so that one of 2 GB needs no more memory. */
const PART_BYTES = 1 << 20;

/**
 * Writes a tree below a folder.
 *
 * @returns the path of a small file of it, to be changed
 */
export async function writeTree(folder: string, { files, bytes, seed }: SeededTree): Promise<string> {
  const random = seededRandom(seed);
  const content = await SeededContent.make(seed);
  const sizes = logNormalSizes(files, bytes, random);
  let small = { path: "", size: Infinity };
  let noisy = 0;
  let written = 0;
  for (const [index, size] of sizes.entries()) {
    const path = `${folder}/${Math.floor(index / FILES_PER_FOLDER)}/${index}`;
    if (index % FILES_PER_FOLDER === 0) await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const kind = noisy * 2 <= written ? "noise" : "text";
    if (kind === "noise") noisy += size;
    written += size;
    await writeFile(path, size, async (length) => await content.part(kind, length));
    if (Math.abs(size - 1000) < Math.abs(small.size - 1000)) small = { path, size };
  }
  return small.path;
}

/** Writes one file whose parts are noise and text in turns. */
export async function writeBigFile(path: string, { bytes, seed }: Omit<SeededTree, "files">): Promise<void> {
  const content = await SeededContent.make(seed);
  let parts = 0;
  await writeFile(path, bytes, async (length) => await content.part(parts++ % 2 === 0 ? "noise" : "text", length));
}

/** Changes one byte of a file, nothing else of it. */
export async function changeByte(path: string, at: number): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  await file.seek(at, Deno.SeekMode.Start);
  await file.read(byte);
  await file.seek(at, Deno.SeekMode.Start);
  await file.write(Uint8Array.of((byte[0] ?? 0) ^ 0xff));
}

async function writeFile(path: string, size: number, next: (length: number) => Promise<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let written = 0; written < size;) {
    const part = await next(Math.min(PART_BYTES, size - written));
    for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
    written += part.length;
  }
}

/** Sizes of at least one byte that add up to `bytes`. */
export function logNormalSizes(files: number, bytes: number, random: () => number): readonly number[] {
  const weights = Array.from({ length: files }, () => Math.exp(SIGMA * normal(random)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sizes = weights.map((weight) => Math.max(1, Math.floor(weight / total * bytes)));
  const left = bytes - sizes.reduce((sum, size) => sum + size, 0);
  const largest = sizes.indexOf(sizes.reduce((a, b) => Math.max(a, b), 0));
  return sizes.with(largest, (sizes[largest] ?? 0) + left);
}

/** A normal deviate by Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers from 0 to below 1: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Bytes without end: noise is a key stream of AES, text is pages of words in an order of its own. */
class SeededContent {
  readonly #key: CryptoKey;
  readonly #text: Uint8Array<ArrayBuffer>;
  readonly #random: () => number;
  #block = 0;

  private constructor(key: CryptoKey, random: () => number) {
    this.#key = key;
    this.#random = random;
    this.#text = textPages(random);
  }

  static async make(seed: number): Promise<SeededContent> {
    const raw = new Uint8Array(16);
    new DataView(raw.buffer).setUint32(0, seed);
    return new SeededContent(
      await crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["encrypt"]),
      seededRandom(seed + 1),
    );
  }

  async part(kind: "noise" | "text", length: number): Promise<Uint8Array> {
    if (kind === "noise") {
      const counter = new Uint8Array(16);
      new DataView(counter.buffer).setUint32(8, this.#block);
      this.#block++;
      return new Uint8Array(
        await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 32 }, this.#key, new Uint8Array(length)),
      );
    }
    const part = new Uint8Array(length);
    for (let at = 0; at < length; at += PAGE_BYTES) {
      const page = Math.floor(this.#random() * TEXT_PAGES) * PAGE_BYTES;
      part.set(this.#text.subarray(page, page + Math.min(PAGE_BYTES, length - at)), at);
    }
    return part;
  }
}

/** Pages of words, some of them more often than others, as in programs. */
function textPages(random: () => number): Uint8Array<ArrayBuffer> {
  const words = Array.from({ length: 2000 }, () => Math.floor(random() * 36 ** 6).toString(36).slice(random() * 5));
  const bytes = new Uint8Array(TEXT_PAGES * PAGE_BYTES);
  const encoder = new TextEncoder();
  for (let at = 0; at < bytes.length;) {
    const word = words[Math.floor(random() ** 3 * words.length)] ?? "";
    at += encoder.encodeInto(`${word}${random() < 0.1 ? "\n" : " "}`, bytes.subarray(at)).written || bytes.length;
  }
  return bytes;
}
