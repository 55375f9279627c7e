import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { MyPaasError } from "../error.ts";

const MAGIC = new TextEncoder().encode("mypaas backup\n");
/** What a file of this version begins with after the magic; a reader refuses a higher one. */
const FORMAT = 1;
const SALT_BYTES = 16;
const CHECK_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";
const COST_BYTES = 3;
/** Magic and format. */
export const MARK_BYTES = MAGIC.length + 1;
/** The mark, cost (log2 N, r, p), salt, check. */
export const HEADER_BYTES = MARK_BYTES + COST_BYTES + SALT_BYTES + CHECK_BYTES;

/** What a passphrase costs to try (scrypt, RFC 7914): 2^17 and 8 take 128 MiB and about half a second. */
export interface KdfCost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

export const USUAL_COST: KdfCost = { log2N: 17, r: 8, p: 1 };
/** More than this a damaged or hostile header does not get. */
const MOST_COST: KdfCost = { log2N: 20, r: 16, p: 4 };

/** What a sealed block is. The last one of a file is `end`, and none but the last. */
export const BLOCK_KINDS = ["entry", "data", "end"] as const;
export type BlockKind = typeof BLOCK_KINDS[number];

/**
 * Seals and opens the blocks of one backup: AES-256-GCM, where the nonce is the number of the block and its kind, and the
 * header is authenticated with each (STREAM, by Hoang, Reyhanitabar, Rogaway and Vizár, 2015). So a block that is changed,
 * left out, moved or from another file does not open, and a file that was cut off lacks its last.
 */
export class BackupCipher {
  /** 50 bytes, in front of the blocks. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly #key: Uint8Array;
  #count = 0n;

  private constructor(header: Uint8Array<ArrayBuffer>, key: Uint8Array) {
    this.header = header;
    this.#key = key;
  }

  /** A key for a new file: no two files have the same one. */
  static fresh(passphrase: string, cost: KdfCost = USUAL_COST): BackupCipher {
    const salt = randomBytes(SALT_BYTES);
    const { key, check } = derive(passphrase, salt, cost);
    return new BackupCipher(headerOf([cost.log2N, cost.r, cost.p, ...salt, ...check]), key);
  }

  /**
   * The key of a file that is read.
   *
   * @param rest of the header, behind what `checkMark` has seen
   * @param cannot begins each sentence, such as `Cannot read the backup "x"`
   * @throws {MyPaasError} when the passphrase is another one
   */
  static ofHeader(rest: Uint8Array, passphrase: string, cannot: string): BackupCipher {
    const [log2N = 0, r = 0, p = 0] = rest;
    if (log2N === 0 || r === 0 || p === 0 || log2N > MOST_COST.log2N || r > MOST_COST.r || p > MOST_COST.p) {
      throw damaged(cannot);
    }
    const salt = rest.slice(COST_BYTES, COST_BYTES + SALT_BYTES);
    const { key, check } = derive(passphrase, salt, { log2N, r, p });
    if (check.toHex() !== rest.slice(COST_BYTES + SALT_BYTES).toHex()) {
      throw new MyPaasError(`${cannot}: the passphrase is wrong`, {
        hint: "It is the one that the backup was written with; if it is, the beginning of the file is damaged.",
      });
    }
    return new BackupCipher(headerOf(rest), key);
  }

  /** Seals the next block. @returns what was given in cipher, and its tag */
  seal(kind: BlockKind, plain: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce(kind), { authTagLength: TAG_BYTES });
    cipher.setAAD(this.header);
    const body = cipher.update(plain);
    cipher.final();
    return [body, cipher.getAuthTag()];
  }

  /** Opens the next block, sealed with its tag behind it. @returns undefined when it is not the one that was written there */
  open(kind: BlockKind, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, this.#nonce(kind), { authTagLength: TAG_BYTES });
    decipher.setAAD(this.header);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    try {
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }

  #nonce(kind: BlockKind): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES);
    new DataView(nonce.buffer).setBigUint64(0, this.#count++);
    nonce[NONCE_BYTES - 1] = BLOCK_KINDS.indexOf(kind);
    return nonce;
  }
}

/** How many bytes a sealed block has more than what is in it. */
export const SEAL_BYTES = TAG_BYTES;

/**
 * Looks at what a file begins with.
 *
 * @param mark undefined when it does not even have so much
 * @throws {MyPaasError} when it is no backup, or one of a newer version
 */
export function checkMark(mark: Uint8Array | undefined, cannot: string): void {
  const format = mark?.[MAGIC.length] ?? 0;
  if (format === 0 || !MAGIC.every((byte, at) => mark?.[at] === byte)) {
    throw new MyPaasError(`${cannot}: it is no backup of MyPaas`, { hint: "Give a file that mypaas backup wrote." });
  }
  if (format <= FORMAT) return;
  throw new MyPaasError(`${cannot}: a newer version of MyPaas wrote it (format ${format}, this one knows ${FORMAT})`, {
    hint: "Install that version first: mypaas upgrade.",
  });
}

/** The error about a file that is not as it was written. */
export function damaged(cannot: string): MyPaasError {
  return new MyPaasError(`${cannot}: it is damaged`, {
    hint: "Copy it again, or take another backup; nothing of a damaged one is used.",
  });
}

/** The error about a file of which the end is missing. */
export function endsTooEarly(cannot: string): MyPaasError {
  return new MyPaasError(`${cannot}: it ends too early`, {
    hint: "The backup or a copy of it was broken off: copy it again, or take another one.",
  });
}

function headerOf(rest: Iterable<number>): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...MAGIC, FORMAT, ...rest]);
}

/** `check` tells a wrong passphrase from a damaged file; to try one costs the same with it and without. */
function derive(passphrase: string, salt: Uint8Array, { log2N, r, p }: KdfCost) {
  const N = 2 ** log2N;
  // One character can be typed in several ways.
  const bytes = scryptSync(passphrase.normalize("NFC"), salt, KEY_BYTES + CHECK_BYTES, {
    N,
    r,
    p,
    maxmem: 2 * 128 * N * r,
  });
  return { key: bytes.subarray(0, KEY_BYTES), check: bytes.subarray(KEY_BYTES) };
}
