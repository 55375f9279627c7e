import type { Door } from "../daemon/door.ts";
import type { BlobLists } from "../daemon/blob_lists.ts";
import type { Database } from "./database.ts";

const DIGEST_BYTES = 32;

/** Lists of digests in SQLite, 32 bytes each. */
export class SqliteBlobLists implements BlobLists {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(
    service: string,
    release: number,
    { door, digests }: { readonly door: Door; readonly digests: Iterable<string> },
  ): void {
    const names = [...new Set(digests)];
    const bytes = new Uint8Array(names.length * DIGEST_BYTES);
    for (const [index, name] of names.entries()) bytes.subarray(index * DIGEST_BYTES).setFromHex(name);
    this.#database.run(
      "INSERT INTO blob_lists (service, release, door, digests) VALUES (?, ?, ?, ?)",
      service,
      release,
      door,
      bytes,
    );
  }

  addSame(service: string, release: number, of: number): void {
    this.#database.run(
      `INSERT INTO blob_lists (service, release, door, digests)
       SELECT service, ?, door, digests FROM blob_lists WHERE service = ? AND release = ?`,
      release,
      service,
      of,
    );
  }

  digests(service: string, release: number, door: Door): readonly string[] {
    const row = this.#database.get(
      "SELECT digests FROM blob_lists WHERE service = ? AND release = ? AND door = ?",
      service,
      release,
      door,
    );
    const bytes = row?.["digests"];
    if (!(bytes instanceof Uint8Array)) return [];
    return Array.from(
      { length: bytes.length / DIGEST_BYTES },
      (_, index) => bytes.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES).toHex(),
    );
  }

  forgetOthers(service: string, releases: readonly number[]): void {
    this.#database.run(
      `DELETE FROM blob_lists WHERE service = ? AND release NOT IN (SELECT value FROM json_each(?))`,
      service,
      JSON.stringify(releases),
    );
  }
}
