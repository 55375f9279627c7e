import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Buffer } from "node:buffer";
import { MyPaasError } from "../error.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What an encrypted text begins with. */
const MARK = "aes256gcm:";

/** Encrypts what of the state is secret (AES-256-GCM), so that the database alone tells nothing of it. */
export class StateKey {
  readonly #key: Uint8Array;
  readonly #name: string;

  private constructor(key: Uint8Array, name: string) {
    this.#key = key;
    this.#name = name;
  }

  /** A key that nobody keeps. */
  static random(): StateKey {
    return new StateKey(randomBytes(KEY_BYTES), "the key in memory");
  }

  /**
   * The key in a file.
   *
   * @param made whether it may be made when it is not there: nothing is encrypted yet
   * @throws {MyPaasError} when it is not there, or no key
   */
  static ofFile(path: string, made: boolean): StateKey {
    const saved = read(path);
    if (saved !== undefined) return new StateKey(decoded(saved, path), path);
    if (!made) {
      throw new MyPaasError(`Cannot open the state: its key ${path} is missing`, {
        hint: "Put it back from a backup: without it nobody can read the services' variables.",
      });
    }
    const key = randomBytes(KEY_BYTES);
    write(path, `${key.toString("base64url")}\n`);
    return new StateKey(key, path);
  }

  encrypt(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return MARK + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
  }

  /** @throws {MyPaasError} when another key wrote it */
  decrypt(text: string): string {
    const all = Buffer.from(text.slice(MARK.length), "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, all.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(all.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(all.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
    } catch (cause) {
      throw new MyPaasError(`Cannot read a secret of the state: ${this.#name} is not the key it was written with`, {
        hint: "Put that key back from a backup.",
        cause,
      });
    }
  }
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function decoded(text: string, path: string): Uint8Array {
  const key = Buffer.from(text, "base64url");
  if (key.length === KEY_BYTES) return key;
  throw new MyPaasError(`Cannot open the state: ${path} is no key`, { hint: "Put it back from a backup." });
}

/** On the disk before anything is encrypted with it, its name too. */
function write(path: string, text: string): void {
  const unfinished = `${path}.new`;
  Deno.writeTextFileSync(unfinished, text, { mode: 0o600 });
  using file = Deno.openSync(unfinished);
  file.syncSync();
  Deno.renameSync(unfinished, path);
  using folder = Deno.openSync(path.slice(0, path.lastIndexOf("/")));
  folder.syncSync();
}
