/** Takes exact numbers of bytes out of a stream of chunks. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes; undefined when the stream ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (this.#rest.length < missing) {
      parts.push(this.#rest);
      missing -= this.#rest.length;
      const next = await this.#chunks.next();
      this.#rest = next.done ? new Uint8Array() : next.value;
      if (next.done) return undefined;
    }
    parts.push(this.#rest.subarray(0, missing));
    this.#rest = this.#rest.subarray(missing);
    return joinBytes(parts);
  }

  /** Leaves the stream. */
  async cancel(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** One array out of many. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
