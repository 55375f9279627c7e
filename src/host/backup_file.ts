import { ByteReader } from "../archive/byte_reader.ts";
import {
  BackupCipher,
  BLOCK_KINDS,
  type BlockKind,
  checkMark,
  damaged,
  endsTooEarly,
  HEADER_BYTES,
  type KdfCost,
  MARK_BYTES,
  SEAL_BYTES,
} from "./backup_cipher.ts";
import { zstdCompress, zstdDecompress } from "./zstd.ts";

// A backup is a header (see `BackupCipher`) and blocks: {kind (1 byte), length of what is sealed (4 bytes, big-endian),
// sealed}. What is sealed is one zstd frame. A block of kind `entry` is JSON that names what the `data` blocks behind it
// are; `end` is empty, and nothing follows it. Blocks are bounded, so neither side needs more memory for a larger backup.

/** Bytes of an entry in one block. */
const BLOCK_BYTES = 1 << 20;
const HEAD_BYTES = 5;
/** zstd makes what it cannot compress longer by less than this. */
const MAX_SEALED_BYTES = BLOCK_BYTES + (1 << 16) + SEAL_BYTES;

/** Where a backup is written to. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

/** Writes a backup entry by entry. Until `end` was called it is none. */
export class BackupWriter {
  readonly #sink: ByteSink;
  readonly #cipher: BackupCipher;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #filled = 0;
  #bytes = 0;

  private constructor(sink: ByteSink, cipher: BackupCipher) {
    this.#sink = sink;
    this.#cipher = cipher;
  }

  static async begin(sink: ByteSink, passphrase: string, cost?: KdfCost): Promise<BackupWriter> {
    const writer = new BackupWriter(sink, BackupCipher.fresh(passphrase, cost));
    await writer.#write(writer.#cipher.header);
    return writer;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins an entry, and so ends the one before. @param about JSON */
  async entry(about: unknown): Promise<void> {
    await this.#flush();
    await this.#sealed("entry", new TextEncoder().encode(JSON.stringify(about)));
  }

  /** Adds to the entry that was begun last. */
  async data(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const taken = rest.subarray(0, BLOCK_BYTES - this.#filled);
      this.#block.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled === BLOCK_BYTES) await this.#flush();
    }
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#sealed("end", new Uint8Array());
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    await this.#sealed("data", block);
  }

  async #sealed(kind: BlockKind, plain: Uint8Array): Promise<void> {
    const [body, tag] = this.#cipher.seal(kind, zstdCompress(plain));
    const head = new Uint8Array(HEAD_BYTES);
    head[0] = BLOCK_KINDS.indexOf(kind);
    new DataView(head.buffer).setUint32(1, body.length + tag.length);
    for (const part of [head, body, tag]) await this.#write(part);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#sink.write(bytes);
    this.#bytes += bytes.length;
  }
}

/** One entry of a backup that is read. */
export interface ReadEntry {
  readonly about: unknown;
  /** What is not taken is read over, and checked, before the next entry. */
  readonly data: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Reads a backup as it comes. Each byte that it gives was written by who knew the passphrase, in this order. */
export class BackupReader {
  readonly #reader: ByteReader;
  readonly #cipher: BackupCipher;
  readonly #cannot: string;

  private constructor(reader: ByteReader, cipher: BackupCipher, cannot: string) {
    this.#reader = reader;
    this.#cipher = cipher;
    this.#cannot = cannot;
  }

  /**
   * @param cannot begins each sentence, such as `Cannot read the backup "x"`
   * @throws {MyPaasError} when it is no backup, of a newer version, cut off, or the passphrase is another one
   */
  static async begin(source: AsyncIterable<Uint8Array>, passphrase: string, cannot: string): Promise<BackupReader> {
    const reader = new ByteReader(source);
    const mark = await reader.take(MARK_BYTES);
    checkMark(mark, cannot);
    const rest = await reader.take(HEADER_BYTES - MARK_BYTES);
    if (rest === undefined) throw endsTooEarly(cannot);
    return new BackupReader(reader, BackupCipher.ofHeader(rest, passphrase, cannot), cannot);
  }

  /** Names the file, whatever it is called: no two have the same. */
  get id(): string {
    return this.#cipher.header.toHex();
  }

  /**
   * The entries in their order. It has seen the end of the backup when it returns.
   *
   * @throws {MyPaasError} where the file is not as it was written
   */
  async *entries(): AsyncGenerator<ReadEntry, void, void> {
    let block = await this.#next();
    while (block.kind !== "end") {
      if (block.kind !== "entry") throw damaged(this.#cannot);
      const about: unknown = JSON.parse(new TextDecoder().decode(block.plain));
      block = await this.#next();
      const next = () => this.#next();
      const data = async function* () {
        while (block.kind === "data") {
          const { plain } = block;
          block = await next();
          yield plain;
        }
      };
      yield { about, data: data() };
      while (block.kind === "data") block = await this.#next();
    }
    if (await this.#reader.take(1) !== undefined) throw damaged(this.#cannot);
  }

  async #next(): Promise<{ readonly kind: BlockKind; readonly plain: Uint8Array<ArrayBuffer> }> {
    const head = await this.#take(HEAD_BYTES);
    const kind = BLOCK_KINDS[head[0] ?? BLOCK_KINDS.length];
    const length = new DataView(head.buffer, head.byteOffset).getUint32(1);
    if (kind === undefined || length > MAX_SEALED_BYTES) throw damaged(this.#cannot);
    const plain = this.#cipher.open(kind, await this.#take(length));
    if (plain === undefined) throw damaged(this.#cannot);
    return { kind, plain: zstdDecompress(plain, BLOCK_BYTES) };
  }

  async #take(count: number): Promise<Uint8Array> {
    const bytes = await this.#reader.take(count);
    if (bytes === undefined) throw endsTooEarly(this.#cannot);
    return bytes;
  }
}
